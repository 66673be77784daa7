vcl 4.1;

# The CDN: keeps the catalogue and static files near the customer, and passes everything else on untouched.
# One file for containers and for the local stack; Varnish 7.1 and later.
#
# Two listeners, by name: `front` for customers, and `inside`, which is not published, for PURGE, BAN and /ready.
# limits.cli, beside it: headers no larger than the load balancer can read, which refuses those that are too large, and
# connections to it that are given up before it closes them.

import std;

probe watch {
    .request =
        "GET /api/products HTTP/1.1"
        "Host: cdn"
        "Connection: close";
    .interval = 1s;
    .timeout = 1s;
    .window = 2;
    .threshold = 1;
    .initial = 1;
}

include "origin.vcl";

sub vcl_recv {
    if (local.socket == "inside") {
        call inside;
    }
    if (req.restarts > 0) {
        # The origin failed: what is stored is shown, however old (see vcl_synth).
        set req.backend_hint = catalogue;
        set req.grace = 24h;
        return (hash);
    }

    if (req.method !~ "^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$") {
        return (synth(405, "method-not-allowed"));
    }
    # An address that the load balancer would hang up on; nobody addressed, or no host; a body that is not the request's
    # business; one whose end HTTP/1.0 cannot tell.
    if (req.url !~ "^/[^#\x00-\x20\x7f-\xff]*$") {
        return (synth(400, "bad-request"));
    }
    if (req.http.Host !~ "(?i)^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$") {
        return (synth(400, "bad-request"));
    }
    if (req.method ~ "^(GET|HEAD)$"
        && (req.http.Transfer-Encoding || (req.http.Content-Length && req.http.Content-Length != "0"))) {
        return (synth(400, "bad-request"));
    }
    if (req.proto == "HTTP/1.0" && req.http.Transfer-Encoding) {
        return (synth(400, "bad-request"));
    }
    if (req.http.Content-Length && req.http.Content-Length !~ "^[0-9]{1,9}$") {
        return (synth(400, "bad-request"));
    }
    # What comes in chunks is read to its end, if that is not too far, and goes on with its length. Malformed chunks
    # cannot be told from too many.
    if (req.http.Transfer-Encoding && !std.cache_req_body(256KB)) {
        return (synth(413, "body-too-large"));
    }
    if (std.integer(req.http.Content-Length, 0) > 65536) {
        return (synth(413, "body-too-large"));
    }

    # What callers say about where they come from and where they go is not believed.
    set req.http.X-Forwarded-For = client.ip;
    unset req.http.Forwarded;
    unset req.http.X-Forwarded-Host;
    unset req.http.X-Forwarded-Port;
    unset req.http.X-Forwarded-Proto;
    unset req.http.X-Forwarded-Scheme;
    unset req.http.X-Forwarded-Prefix;
    unset req.http.X-Forwarded-Server;
    unset req.http.X-Forwarded-Ssl;
    unset req.http.X-Original-Host;
    unset req.http.X-Original-URL;
    unset req.http.X-Rewrite-URL;
    unset req.http.X-Host;
    unset req.http.X-Real-IP;
    unset req.http.X-Client-IP;
    unset req.http.True-Client-IP;
    unset req.http.X-HTTP-Method;
    unset req.http.X-HTTP-Method-Override;
    unset req.http.X-Method-Override;
    unset req.http.X-Cache;
    unset req.http.Upgrade; # this connection speaks HTTP/1.1 and nothing else

    set req.backend_hint = origin;
    if (req.method == "GET" && req.url ~ "^/api/orders/[^/?]+/events(\?.*)?$") {
        set req.backend_hint = streams;
    }
    if (req.method !~ "^(GET|HEAD)$") {
        return (pass);
    }
    # Exactly these addresses, letter for letter: one that a service might read as another is not theirs.
    if (req.url ~ "^/api/products(\?.*)?$") {
        set req.url = "/api/products"; # the catalogue takes no parameters
    } else if (req.url !~ "^/assets(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+\.(css|js|mjs|json|map|svg|png|jpg|webp|ico|woff2)$") {
        return (pass);
    }

    # What everybody may see is the same for everybody: who asks makes no request of its own of it.
    unset req.http.Cookie;
    unset req.http.Authorization;
    set req.backend_hint = catalogue;
    if (std.healthy(catalogue)) {
        set req.grace = 10s; # the one whose request finds it stale does not wait for the new one
    }
    return (hash);
}

sub inside {
    if (req.method == "PURGE") {
        return (purge);
    }
    if (req.method == "BAN") {
        if (std.ban("obj.status != 0")) {
            return (synth(204));
        }
        return (synth(500, "internal-error"));
    }
    if (req.method == "GET" && req.url == "/ready") {
        return (synth(204));
    }
    return (synth(404, "not-found"));
}

# The path and nothing else: no header, no host.
sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

sub vcl_purge {
    return (synth(204));
}

sub vcl_hit {
    set req.http.X-Cache = "HIT";
}

sub vcl_miss {
    if (req.restarts > 0) {
        return (synth(503, "service-unavailable")); # nothing is stored, and the origin has just failed
    }
    set req.http.X-Cache = "MISS";
}

sub vcl_pass {
    set req.http.X-Cache = "PASS";
}

sub vcl_pipe {
    return (synth(405, "method-not-allowed")); # what is piped is not seen
}

sub vcl_backend_fetch {
    unset bereq.http.Via;
    unset bereq.http.X-Varnish;
    unset bereq.http.X-Cache;
    set bereq.first_byte_timeout = 25s; # the load balancer answers before that
    set bereq.between_bytes_timeout = 25s; # event streams send something every 10 s
    if (bereq.uncacheable) {
        return (fetch);
    }
    # The stored answer is everybody's, so nothing of the one who asked may shape it.
    set bereq.http.Host = "cdn";
    set bereq.http.Accept = "*/*";
    unset bereq.http.Accept-Charset;
    unset bereq.http.Accept-Language;
    unset bereq.http.Origin;
    unset bereq.http.Referer;
    unset bereq.http.User-Agent;
    unset bereq.http.Prefer;
    unset bereq.http.Cookie;
    unset bereq.http.Authorization;
    return (fetch);
}

sub vcl_backend_response {
    if (bereq.uncacheable) {
        return (deliver);
    }
    # Nor does a refusal of the one who asked take the place of what is kept for all.
    if (beresp.status >= 500 || beresp.status == 429) {
        return (abandon);
    }
    std.collect(beresp.http.Cache-Control); # several lines are read as one
    std.collect(beresp.http.Vary);
    if (beresp.status != 200
        || beresp.http.Set-Cookie
        || beresp.http.Cache-Control !~ "(?i)(max-age|s-maxage)="
        || beresp.http.Cache-Control ~ "(?i)(private|no-store|no-cache)"
        || (beresp.http.Vary && beresp.http.Vary !~ "(?i)^[ ,]*(accept-encoding[ ,]*)*$")) {
        # For so long, those who ask for it do not wait for each other.
        set beresp.ttl = 2s;
        set beresp.grace = 0s;
        set beresp.keep = 0s;
        set beresp.uncacheable = true;
        return (deliver);
    }
    set beresp.grace = 24h; # for a time without origin; otherwise req.grace is shorter
    set beresp.keep = 24h; # to ask the origin by ETag whether it changed
    return (deliver);
}

sub vcl_backend_error {
    if (!bereq.uncacheable) {
        return (abandon);
    }
    set beresp.status = 503;
    set beresp.reason = "Service Unavailable";
    unset beresp.http.Server;
    set beresp.http.Content-Type = "application/problem+json";
    set beresp.http.Retry-After = "1";
    set beresp.body = """{"type":"https://meridian.dev/problems/service-unavailable","title":"Service unavailable","status":503,"detail":"The service cannot be reached now."}""";
    return (deliver);
}

sub vcl_deliver {
    set resp.http.X-Cache = req.http.X-Cache;
    unset resp.http.Via;
    unset resp.http.X-Varnish;
    unset resp.http.Server;
    if (req.http.X-Cache == "PASS") {
        unset resp.http.Age; # nothing was kept
    }
    return (deliver);
}

# The reason is the problem's name; what went wrong inside has others and is not told.
sub vcl_synth {
    unset resp.http.Server;
    unset resp.http.Via;
    unset resp.http.X-Varnish;
    if (resp.status == 204) {
        set resp.reason = "No Content";
        return (deliver);
    }
    if (resp.status == 503 && req.restarts == 0 && req.http.X-Cache == "MISS") {
        return (restart);
    }
    set resp.http.Content-Type = "application/problem+json";
    set resp.http.Cache-Control = "no-store";
    if (resp.status == 400 || resp.status == 405) {
        set resp.http.Connection = "close"; # what follows may be part of it
    }
    if (resp.status == 400) {
        set resp.reason = "Bad Request";
        set resp.body = """{"type":"https://meridian.dev/problems/bad-request","title":"Bad request","status":400,"detail":"The request cannot be understood."}""";
    } else if (resp.status == 404) {
        set resp.reason = "Not Found";
        set resp.body = """{"type":"https://meridian.dev/problems/not-found","title":"Not found","status":404,"detail":"Nothing is found at this address."}""";
    } else if (resp.status == 405) {
        set resp.reason = "Method Not Allowed";
        set resp.http.Allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
        set resp.body = """{"type":"https://meridian.dev/problems/method-not-allowed","title":"Method not allowed","status":405,"detail":"This address does not know this method."}""";
    } else if (resp.status == 413) {
        set resp.reason = "Content Too Large";
        set resp.body = """{"type":"https://meridian.dev/problems/body-too-large","title":"Body too large","status":413,"detail":"A body may hold 64 KiB at most."}""";
    } else {
        set resp.status = 503;
        set resp.reason = "Service Unavailable";
        set resp.http.Retry-After = "1";
        set resp.body = """{"type":"https://meridian.dev/problems/service-unavailable","title":"Service unavailable","status":503,"detail":"The service cannot be reached now."}""";
    }
    return (deliver);
}
