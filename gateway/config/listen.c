#include "gateway/config/listen.h"

#include <netinet/in.h>

#include "gateway/config/network.h"
#include "gateway/config/values.h"

static void read_address(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct config_listen *listen = into;
    struct cop_slice text;

    if (yaml_text(yaml, value, &text) &&
        !network_socket(text, 0, &listen->address, &listen->address_n)) {
        yaml_error(yaml, value, "value",
            "write an address and a port, as 127.0.0.1:3128 or "
            "\"[::1]:3128\"",
            "\"%.*s\" is no address to listen on", (int)text.n, text.p);
    }
}

static void read_mode(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {
        [CONFIG_LISTEN_PROXY] = "proxy",
        [CONFIG_LISTEN_HTTP] = "transparent-http",
        [CONFIG_LISTEN_TLS] = "transparent-tls",
    };
    struct config_listen *listen = into;
    unsigned word;

    if (yaml_word(yaml, value, words, 3, &word)) {
        listen->mode = (enum config_listen_mode)word;
    }
}

static void read_balancers(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct config_listen *listen = into;

    values_networks(yaml, value, &listen->balancers, &listen->balancers_n);
    if (listen->balancers_n == 0 && yaml->errors == 0) {
        yaml_error(yaml, value, "value",
            "name the balancers' networks, or leave the key out",
            "nobody is trusted with a PROXY header");
    }
}

static void read_one(struct yaml *yaml, const struct yaml_node *item,
    struct config_listen *listen)
{
    static const struct yaml_key keys[] = {
        {"address", read_address, true},
        {"mode", read_mode, false},
        {"proxy_protocol", read_balancers, false},
    };

    if (item->kind == YAML_MAP) {
        yaml_map_read(yaml, item, keys, sizeof(keys) / sizeof(keys[0]), listen);
    } else {
        read_address(yaml, item, listen);
    }
}

void listen_read(
    struct yaml *yaml, const struct yaml_node *value, struct config *config)
{
    struct config_listen *listens;
    bool is_list = value->kind == YAML_LIST;
    uint32_t n = 0;

    listens =
        values_array(yaml, value, is_list ? value->count : 1, sizeof(*listens));
    if (listens == NULL) {
        return;
    }
    if (!is_list) {
        read_one(yaml, value, &listens[n++]);
    }
    for (const struct yaml_node *item = is_list ? value->first : NULL;
         item != NULL; item = item->next) {
        read_one(yaml, item, &listens[n++]);
    }
    config->listens = listens;
    config->listens_n = n;
}

static void read_destination(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {
        [CONFIG_DESTINATION_VERIFY] = "verify",
        [CONFIG_DESTINATION_RESOLVE] = "resolve",
        [CONFIG_DESTINATION_ORIGINAL] = "original",
    };
    struct config_transparent *transparent = into;
    unsigned word;

    if (yaml_word(yaml, value, words, 3, &word)) {
        transparent->destination = (enum config_destination)word;
    }
}

static void read_treatment(struct yaml *yaml, const struct yaml_node *value,
    enum config_treatment *out)
{
    static const char *const words[] = {
        [CONFIG_TREAT_INSPECT] = "inspect",
        [CONFIG_TREAT_PASS] = "pass",
        [CONFIG_TREAT_REFUSE] = "refuse",
    };
    unsigned word;

    if (yaml_word(yaml, value, words, 3, &word)) {
        *out = (enum config_treatment)word;
    }
}

static void read_nameless(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct config_transparent *transparent = into;

    read_treatment(yaml, value, &transparent->nameless);
}

static void read_hidden(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct config_transparent *transparent = into;

    read_treatment(yaml, value, &transparent->hidden);
}

static void read_foreign(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct config_transparent *transparent = into;

    read_treatment(yaml, value, &transparent->foreign);
    if (transparent->foreign == CONFIG_TREAT_INSPECT) {
        yaml_error(yaml, value, "value", "write pass or refuse",
            "what is not TLS or HTTP cannot be inspected");
    }
}

void listen_read_transparent(struct yaml *yaml, const struct yaml_node *value,
    struct config_transparent *transparent)
{
    static const struct yaml_key keys[] = {
        {"destination", read_destination, false},
        {"no_name", read_nameless, false},
        {"hidden_name", read_hidden, false},
        {"other_protocols", read_foreign, false},
    };

    yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), transparent);
}

static uint16_t port_of(const struct config_listen *listen)
{
    const struct sockaddr_in *four = (const void *)&listen->address;
    const struct sockaddr_in6 *six = (const void *)&listen->address;

    return ntohs(listen->address.ss_family == AF_INET6 ? six->sin6_port
                                                       : four->sin_port);
}

static bool is_among(uint16_t port, const uint16_t *ports, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (ports[i] == port) {
            return true;
        }
    }
    return false;
}

/* Whether a connection was brought here or made to the listener is told by its
 * port, which therefore must be no port that is brought here. */
void listen_check(struct yaml *yaml, const struct config *config)
{
    for (uint32_t i = 0; i < config->listens_n; i++) {
        const struct config_listen *listen = &config->listens[i];
        uint16_t port = port_of(listen);

        if (listen->mode != CONFIG_LISTEN_PROXY &&
            (is_among(port, config->http_ports, config->http_ports_n) ||
                is_among(
                    port, config->connect_ports, config->connect_ports_n))) {
            yaml_error(yaml, yaml->root, "value",
                "give it another port and have the firewall bring "
                "connections there",
                "port %u is one that sites have: a transparent listener "
                "needs its own",
                (unsigned)port);
        }
    }
}
