# Where the CDN's answers come from, in containers; the local stack puts one of its own in this one's place.
# Both are the load balancer: the catalogue's is watched, so that what is stored is shown while it does not answer.

backend catalogue {
    .host = "lb";
    .port = "8080";
    .probe = watch;
}

backend origin {
    .host = "lb";
    .port = "8080";
}
