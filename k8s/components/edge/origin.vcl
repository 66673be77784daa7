# Where the CDN's answers come from, in Kubernetes: the Service of the gateways, whose address stays the same. The load
# balancer stands before the CDN here, ends TLS, and says who the client is; of its list, only the last address is its
# own word. These subroutines run before those of the same name in default.vcl.

backend catalogue {
    .host = "gateway";
    .port = "8080";
    .probe = watch;
}

backend origin {
    .host = "gateway";
    .port = "8080";
}

backend streams {
    .host = "gateway";
    .port = "8080";
    .max_connections = 800;
}

sub vcl_recv {
    if (req.restarts == 0) {
        std.collect(req.http.X-Forwarded-For);
        set req.http.X-Edge-Client = regsub(req.http.X-Forwarded-For, "^.*,\s*", "");
        if (req.http.X-Edge-Client == "" + client.ip) { # Varnish has added the load balancer
            set req.http.X-Edge-Client = regsub(regsub(req.http.X-Forwarded-For, ",[^,]*$", ""), "^.*,\s*", "");
        }
        set req.http.X-Edge-Client = std.ip(req.http.X-Edge-Client, client.ip, resolve = false);
    }
}

sub vcl_backend_fetch {
    set bereq.http.X-Forwarded-For = bereq.http.X-Edge-Client;
    unset bereq.http.X-Edge-Client;
    set bereq.http.X-Forwarded-Proto = "https"; # nothing else is let in
}
