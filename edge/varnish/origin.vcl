# Where the CDN's answers come from, in containers; the local stack puts one of its own in this one's place.
# All are the load balancer: the catalogue's is watched, so that what is stored is shown while it does not answer. Event
# streams have so many places as there is memory for; the next is answered 503.

backend catalogue {
    .host = "lb";
    .port = "8080";
    .probe = watch;
}

backend origin {
    .host = "lb";
    .port = "8080";
}

backend streams {
    .host = "lb";
    .port = "8080";
    .max_connections = 800;
}
