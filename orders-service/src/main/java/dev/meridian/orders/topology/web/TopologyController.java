package dev.meridian.orders.topology.web;

import dev.meridian.orders.topology.Topology;
import dev.meridian.orders.topology.TopologyService;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The running system, for operators. */
@RestController
class TopologyController {

    private final TopologyService service;

    TopologyController(TopologyService service) {
        this.service = service;
    }

    @GetMapping(path = "/api/topology", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Topology> topology() {
        return ResponseEntity.ok()
                .cacheControl(CacheControl.noStore().cachePrivate())
                .body(service.topology());
    }
}
