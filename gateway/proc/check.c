/* `copgate -t`: everything that a start would check, and nothing else. */
#include "gateway/proc/roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "gateway/proc/authority.h"
#include "gateway/proc/load.h"
#include "gateway/proc/say.h"

static void check_gather(void *context, const struct cop_finding *finding)
{
    static const char *const words[] = {
        [COP_NOTE] = "note", [COP_WARNING] = "warning", [COP_ERROR] = "error"};
    json_t *findings = context;

    json_array_append_new(
        findings, json_pack("{s:s, s:s*, s:s*, s:i, s:i, s:s*, s:s*}",
                      "severity", words[finding->severity], "code",
                      finding->code, "file", finding->file, "line",
                      (int)finding->line, "column", (int)finding->column,
                      "what", finding->what, "todo", finding->todo));
}

/* Nothing of the network is read by this process, so it may look at the key;
 * in the running gateway only keyd does. */
static enum cop_status check_ca(
    const struct load *load, int64_t now, struct cop_report *report)
{
    const struct authority_files files = {
        .certificate_fd = load->ca_certificate_fd,
        .key_fd = load->ca_key_fd,
        .passphrase_fd = load->ca_passphrase_fd,
        .certificate_name = load->config->ca_certificate,
        .key_name = load->config->ca_key};
    struct ca *ca = NULL;
    enum cop_status status = authority_load(&files, now, report, &ca);

    ca_free(&ca);
    return status;
}

/* What is known of each database of addresses. */
static json_t *check_databases(const struct load *load)
{
    json_t *all = json_array();

    for (unsigned i = 0; load != NULL && i < COP_DATABASES; i++) {
        const struct databases *databases = &load->databases;
        const struct cop_database_facts *facts = &databases->facts[i];
        json_t *one = json_pack("{s:s, s:s, s:s*}", "kind",
            cop_database_word((enum cop_database)i), "state",
            database_state_word(databases->states[i]), "file",
            load->config->locations.files[i]);

        if (databases->fds[i] >= 0 && one != NULL) {
            json_object_set_new(one, "type", json_string(facts->type));
            json_object_set_new(
                one, "built_unix", json_integer(facts->built_unix));
            json_object_set_new(
                one, "age_days", json_integer(databases->age_days[i]));
        }
        json_array_append_new(all, one);
    }
    return all;
}

static void check_print_json(const char *file, const struct cop_report *report,
    json_t *findings, const struct load *load)
{
    json_t *all = json_pack("{s:s, s:s, s:b, s:i, s:i, s:O, s:o}", "schema",
        "copgate/check/v1", "file", file, "ok", report->errors == 0, "errors",
        (int)report->errors, "warnings", (int)report->warnings, "findings",
        findings, "databases", check_databases(load));

    if (all != NULL) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(all);
    }
}

int parent_check(const char *file, int is_json)
{
    struct cop_report report = {.emit = say_finding};
    json_t *findings = json_array();
    struct load *load = NULL;
    int64_t now = time(NULL);
    enum cop_status status;

    if (is_json) {
        report.emit = check_gather;
        report.context = findings;
    }
    status = load_open(file, now, NULL, &report, &load);
    if (status == COP_OK) {
        status = check_ca(load, now, &report);
    }
    if (is_json) {
        check_print_json(file, &report, findings, load);
    } else if (status == COP_OK) {
        printf("%s: the configuration is valid\n", file);
        databases_say(&load->databases);
    }
    load_close(&load);
    json_decref(findings);
    return status == COP_OK ? EXIT_DONE : EXIT_CONFIGURATION;
}
