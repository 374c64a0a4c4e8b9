/* The address of a server that a question is about, and where that is. */
#include <stdio.h>
#include <unistd.h>

#include "cop/locate.h"
#include "tools/copc/setting.h"

static enum copc_exit locate(struct setting *setting,
    const struct options *options, struct findings *findings)
{
    const char *const files[COP_DATABASES] = {
        [COP_DATABASE_COUNTRY] = options->value[OPTION_COUNTRIES],
        [COP_DATABASE_AS] = options->value[OPTION_NETWORKS]};
    int fds[COP_DATABASES] = {-1, -1};
    struct cop_locator *locator = NULL;
    enum cop_status status = COP_OK;

    for (unsigned i = 0; i < COP_DATABASES && status == COP_OK; i++) {
        struct cop_database_facts unused;

        if (files[i] != NULL) {
            status = cop_database_open(files[i], (enum cop_database)i,
                &findings->report, &unused, &fds[i]);
        }
    }
    if (status == COP_OK) {
        status = cop_locator_new(fds, &locator);
    }
    for (unsigned i = 0; i < COP_DATABASES; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (status == COP_OK) {
        cop_locate(locator, &setting->address);
        cop_locator_free(&locator);
        return COPC_DONE;
    }
    return status == COP_E_NOMEM ? COPC_BUG : COPC_DATA;
}

enum copc_exit setting_find_server(struct setting *setting,
    const struct options *options, struct findings *findings)
{
    const char *text = options->value[OPTION_ADDRESS];
    struct cop_host host;

    if (text == NULL) {
        if (options_has(options, OPTION_COUNTRIES) ||
            options_has(options, OPTION_NETWORKS)) {
            options_complain(
                options, "a database is asked about an address: --address IP");
            return COPC_USAGE;
        }
        return COPC_DONE;
    }
    if (cop_host_parse(cop_slice_of(text), &host) != COP_OK ||
        !cop_address_of_host(&host, &setting->address)) {
        options_complain(options, "--address %s is no address", text);
        return COPC_USAGE;
    }
    setting->has_address = true;
    setting->address_text = text;
    return locate(setting, options, findings);
}

void setting_add_address(const struct setting *setting, struct cop_class *class)
{
    if (setting->has_address) {
        cop_classify_address(setting->policy, &setting->address, class);
    }
}
