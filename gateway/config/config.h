/* copgate's configuration: one YAML file, checked whole before anything is
 * done with it. docs/configuration.md is the reference; options are a table in
 * config.c. Immutable after reading. */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cop/locate.h"
#include "cop/report.h"
#include "cop/slice.h"

enum config_listen_mode {
    CONFIG_LISTEN_PROXY, /* clients know of the proxy */
    CONFIG_LISTEN_HTTP,  /* the firewall brings their connections here: HTTP */
    CONFIG_LISTEN_TLS    /* the same: TLS */
};

struct config_client;

struct config_listen {
    struct sockaddr_storage address;
    socklen_t address_n;
    enum config_listen_mode mode;
    /* From these networks, and from nobody else, connections come with a PROXY
     * header. None: connections come without. */
    const struct config_client *balancers;
    uint32_t balancers_n;
};

/* Where a connection that the firewall brought here is taken to. */
enum config_destination {
    CONFIG_DESTINATION_VERIFY,  /* where it was going, if that address is the
                                   name's; else to an address of the name */
    CONFIG_DESTINATION_RESOLVE, /* to an address of the name */
    CONFIG_DESTINATION_ORIGINAL /* where it was going, whatever it says */
};

enum config_treatment {
    CONFIG_TREAT_INSPECT,
    CONFIG_TREAT_PASS, /* as the policy says of what is known */
    CONFIG_TREAT_REFUSE
};

struct config_transparent {
    enum config_destination destination;
    enum config_treatment nameless; /* no SNI, no Host: an address is known */
    enum config_treatment hidden;   /* encrypted ClientHello is offered */
    enum config_treatment foreign;  /* neither TLS nor HTTP; not INSPECT */
};

/* A static answer of the resolver: name -> addresses (for tests, split DNS). */
struct config_host {
    struct cop_slice name;                    /* canonical */
    const struct sockaddr_storage *addresses; /* port 0 */
    uint32_t addresses_n;
};

/* A client network and the profile of those in it; the longest prefix wins. */
struct config_client {
    uint8_t address[16]; /* IPv4 as IPv4-mapped */
    uint8_t bits;        /* of 128 */
    struct cop_slice profile;
};

enum config_inspect {
    CONFIG_INSPECT_NEEDED, /* decrypt only what the policy needs */
    CONFIG_INSPECT_ALL,    /* everything but never-inspect places */
    CONFIG_INSPECT_NONE    /* never decrypt: refuse or splice */
};

enum config_http2 {
    CONFIG_HTTP2_MIRROR, /* to a client what its server chose */
    CONFIG_HTTP2_ALWAYS, /* to every client, whatever its server speaks */
    CONFIG_HTTP2_NEVER   /* to neither */
};

struct config_limits {
    uint32_t connections; /* a worker */
    uint32_t head_bytes;  /* request or response head */
    uint32_t fields;      /* of a head */
    uint32_t hello_ms;    /* whole ClientHello */
    uint32_t request_ms;  /* whole request head, from its first byte */
    uint32_t idle_ms;     /* between requests, and in tunnels */
    uint32_t connect_ms;  /* one address */
    uint32_t resolve_ms;
    uint32_t handshake_ms;    /* either side */
    uint32_t response_ms;     /* from request sent to response head */
    uint32_t drain_ms;        /* SIGTERM to the last connection */
    uint32_t pool_per_origin; /* idle upstream connections */
    uint32_t pool_idle_ms;
    uint32_t streams;           /* at once on one connection */
    uint32_t stream_window;     /* bytes held of one stream */
    uint32_t stream_window_all; /* of all streams of a connection */
    uint32_t stream_ahead;      /* bytes taken ahead for one stream */
    uint32_t stream_out;        /* bytes of frames that wait to be written */
    uint32_t cache_slots;       /* of the decision cache */
    uint32_t leaf_cache;        /* minted certificates kept */
    uint32_t chain_intermediates;    /* between a server and its root */
    uint32_t mint_per_second;        /* new names of one worker */
    uint32_t connections_per_client; /* a worker */
};

/* Databases of where addresses are (cop/locate.h). */
struct config_locations {
    const char *files[COP_DATABASES]; /* paths; NULL: none of that kind */
    uint32_t max_age_days;            /* an older one is warned about */
    bool is_required; /* without one that rules ask for nothing starts */
};

struct config {
    const struct config_listen *listens;
    uint32_t listens_n;
    uint32_t workers; /* 1 .. 64; 0 in the file: one a core */
    const char *const *bundles;
    uint32_t bundles_n;         /* paths */
    const char *policy;         /* path of the policy file; NULL: none */
    const char *ca_certificate; /* path, PEM */
    const char *ca_key;         /* path, PEM */
    const char *ca_passphrase;  /* path of the key's passphrase, or
                                   "credential:NAME" of the service manager's;
                                   NULL: the key is not encrypted */
    const char *ca_log;         /* path of the log of names that certificates
                                   were made for; NULL: none is kept */
    const char *trust_file;     /* PEM bundle; NULL: the system's */
    const char *revoked_keys;   /* path of a list (tls/revoked.h); NULL: none */
    const struct sockaddr_storage *name_servers;
    uint32_t name_servers_n;
    const struct config_host *hosts;
    uint32_t hosts_n;
    const struct config_client *clients;
    uint32_t clients_n;
    struct cop_slice default_profile; /* empty: unknown clients are refused */
    enum config_inspect inspect;
    enum config_http2 http2;
    struct config_transparent transparent;
    const uint16_t *connect_ports;
    uint32_t connect_ports_n; /* of CONNECT */
    const uint16_t *http_ports;
    uint32_t http_ports_n; /* of http:// URLs */
    /* Networks that may be reached although they are private or ours. */
    const struct config_client *reach_allow;
    uint32_t reach_allow_n;
    struct config_locations locations;
    const char *log_decisions; /* path, or "-" for standard output */
    const char *user;          /* to run as when started as root */
    const struct cop_slice *languages;
    uint32_t languages_n;     /* of notices */
    struct cop_slice contact; /* whom to ask, shown on notices */
    struct config_limits limits;
};

/* Read a configuration.
 * text    the whole file; `file` names it in findings; relative paths in it
 *         are taken from the file's folder
 * report  gets every finding with line and column
 * out     owned by the caller, freed with config_free(); on COP_OK only
 * Returns COP_OK, COP_E_CHECK, COP_E_NOMEM. */
COP_MUST_USE enum cop_status config_read(struct cop_slice text,
    const char *file, struct cop_report *report, struct config **out);
void config_free(struct config **config);

#endif
