#include "tools/copc/setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/copc/moment.h"

enum { POLICY_BYTES_MAX = 4 << 20 };

static enum copc_exit exit_of(enum cop_status status, enum copc_exit data)
{
    enum cop_family family = cop_status_family(status);

    if (status == COP_OK) {
        return COPC_DONE;
    }
    return family == COP_FAMILY_DATA || status == COP_E_IO ? data : COPC_BUG;
}

static enum copc_exit open_bundles(struct setting *setting,
    const struct options *options, size_t n, struct findings *findings)
{
    for (size_t i = 0; i < n; i++) {
        enum cop_status status = cop_bundle_open(options->operands[i],
            &findings->report, &setting->bundles[setting->bundles_n]);

        if (status != COP_OK) {
            return exit_of(status, COPC_DATA);
        }
        setting->bundles_n++;
    }
    return COPC_DONE;
}

/* The whole policy file, NUL-free length in *n; NULL after saying why. */
static char *read_policy(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rbe");
    char *text = NULL;

    if (file == NULL) {
        fprintf(stderr, "copc: cannot read %s: %s\n", path, strerror(errno));
        return NULL;
    }
    text = malloc(POLICY_BYTES_MAX + 1);
    if (text != NULL) {
        *n = fread(text, 1, POLICY_BYTES_MAX + 1, file);
    }
    if (text == NULL || ferror(file) || *n > POLICY_BYTES_MAX) {
        fprintf(stderr, "copc: cannot read %s: %s\n", path,
            text != NULL && !ferror(file) ? "it is larger than 4 MiB"
                                          : strerror(errno));
        free(text);
        text = NULL;
    }
    (void)fclose(file);
    return text;
}

static enum copc_exit open_policy_file(struct setting *setting,
    const char *path, const struct setting_sources *sources,
    struct findings *findings)
{
    struct cop_compile_options compile = {
        .now_unix = (int64_t)time(NULL),
        .entry = sources != NULL ? sources->entry : NULL,
        .entry_context = sources != NULL ? sources->entry_context : NULL,
    };
    size_t n = 0;
    char *text = read_policy(path, &n);
    enum cop_status status;

    if (text == NULL) {
        return COPC_CONFIG;
    }
    status = cop_compile_policy((struct cop_slice){text, n}, path, &compile,
        &findings->report, &setting->image);
    free(text);
    if (status == COP_OK) {
        status = cop_bundle_open_memory(setting->image.bytes, setting->image.n,
            path, &findings->report, &setting->bundles[setting->bundles_n]);
    }
    if (status == COP_OK) {
        setting->bundles_n++;
    }
    return exit_of(status, COPC_CONFIG);
}

struct cop_slice setting_zone(const struct setting *setting)
{
    for (size_t i = setting->bundles_n; i-- > 0;) {
        struct cop_bundle_info info;

        cop_bundle_info(setting->bundles[i], &info);
        if (info.timezone.n != 0) {
            return info.timezone;
        }
    }
    return COP_LIT("");
}

static enum copc_exit find_moment(
    struct setting *setting, const struct options *options)
{
    const char *at = options->value[OPTION_AT];
    struct cop_slice zone = setting_zone(setting);

    if (!moment_zone(zone)) {
        fprintf(stderr,
            "copc: this machine knows no time zone %.*s\n"
            "  to do: correct timezone in the policy file, or install "
            "tzdata\n",
            (int)zone.n, zone.p);
        return COPC_CONFIG;
    }
    if (at == NULL) {
        moment_now(&setting->moment);
        return COPC_DONE;
    }
    if (!moment_parse(at, &setting->moment)) {
        options_complain(
            options, "--at %s is no time; write 2026-03-02T10:00:00Z", at);
        return COPC_USAGE;
    }
    /* Hours are those of the place, wherever the time was written down. */
    moment_at(setting->moment.unix_time, &setting->moment);
    return COPC_DONE;
}

static bool read_age(const struct options *options, uint8_t *out)
{
    const char *text = options->value[OPTION_AGE];
    char *end = NULL;
    long age;

    if (text == NULL) {
        *out = 120;
        return true;
    }
    age = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || age > 120) {
        options_complain(options, "--age %s is no age from 0 to 120", text);
        return false;
    }
    *out = (uint8_t)age;
    return true;
}

static bool is_subscriber(const char *word)
{
    static const char *const words[] = {
#define COP_SUBSCRIBER(symbol, word) word,
#include "cop/subscriber.tbl"
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_subscriber(
    const struct options *options, struct cop_slice *out)
{
    const char *word = options->value[OPTION_SUBSCRIBER];

    if (word != NULL && !is_subscriber(word)) {
        options_complain(options, "there is no subscriber class %s", word);
        return false;
    }
    *out = cop_slice_of(word);
    return true;
}

static void say_subject(
    const struct options *options, unsigned age, char who[SETTING_WHO_BYTES])
{
    const char *subscriber = options->value[OPTION_SUBSCRIBER];
    const char *name = options->value[OPTION_TEMPLATE];
    const char *given = options->value[OPTION_AGE];
    char years[32] = "an adult";

    if (given != NULL) {
        snprintf(years, sizeof years, "somebody aged %u", age);
    }
    snprintf(who, SETTING_WHO_BYTES, "%s%s%s%s%s%s", years,
        subscriber != NULL ? ", " : "", subscriber != NULL ? subscriber : "",
        name != NULL ? ", with template " : "", name != NULL ? name : "",
        options_has(options, OPTION_ACCEPT) ? ", offers accepted" : "");
}

/* A template may be named in full or by the end of its id. */
static struct cop_slice template_name(
    const struct options *options, char room[SETTING_ROOM_BYTES])
{
    const char *name = options->value[OPTION_TEMPLATE];

    if (name == NULL || strncmp(name, "cop:", 4) == 0) {
        return cop_slice_of(name);
    }
    snprintf(room, SETTING_ROOM_BYTES, "cop:template:%s", name);
    return cop_slice_of(room);
}

bool setting_subject(const struct options *options, struct cop_subject *out,
    char room[SETTING_ROOM_BYTES], char who[SETTING_WHO_BYTES])
{
    *out = (struct cop_subject){
        .accepts_offers = options_has(options, OPTION_ACCEPT),
    };
    if (!read_age(options, &out->age) ||
        !read_subscriber(options, &out->subscriber)) {
        return false;
    }
    out->template_name = template_name(options, room);
    say_subject(options, out->age, who);
    return true;
}

static enum copc_exit add_subject(
    struct setting *setting, const struct options *options)
{
    struct cop_subject subject;
    char room[SETTING_ROOM_BYTES];
    enum cop_status status;

    if (!setting_subject(options, &subject, room, setting->who)) {
        return COPC_USAGE;
    }
    status =
        cop_policy_add_subject(setting->policy, &subject, &setting->profile);
    if (status == COP_E_NOTFOUND) {
        fprintf(stderr, "copc: no bundle has the template %s\n",
            options->value[OPTION_TEMPLATE]);
    }
    return exit_of(status, COPC_CONFIG);
}

static void list_profiles(const struct cop_policy *policy)
{
    uint32_t n = cop_policy_profiles(policy);

    for (uint32_t i = 0; i < n; i++) {
        struct cop_slice name = cop_policy_profile_name(policy, i);

        fprintf(stderr, "%s%.*s",
            i == 0 ? "  to do: choose with --profile one of: " : ", ",
            (int)name.n, name.p);
    }
    fputs(n == 0 ? "  to do: give --policy FILE\n" : "\n", stderr);
}

bool setting_says_subject(const struct options *options)
{
    return options_has(options, OPTION_AGE) ||
           options_has(options, OPTION_SUBSCRIBER) ||
           options_has(options, OPTION_TEMPLATE) ||
           options_has(options, OPTION_ACCEPT);
}

static enum copc_exit find_profile(
    struct setting *setting, const struct options *options)
{
    const char *name = options->value[OPTION_PROFILE];

    if (setting_says_subject(options)) {
        options_complain(options,
            "--profile already says who; it excludes --age, --subscriber, "
            "--template and --accept-offers");
        return COPC_USAGE;
    }
    if (cop_policy_profile(
            setting->policy, cop_slice_of(name), &setting->profile) != COP_OK) {
        fprintf(stderr, "copc: there is no profile %s\n", name);
        list_profiles(setting->policy);
        return COPC_CONFIG;
    }
    snprintf(setting->who, sizeof setting->who, "profile %s", name);
    return COPC_DONE;
}

/* A policy file without a profile means its only one: answering for an adult
 * instead would show what nobody there gets. */
static enum copc_exit find_only_profile(
    struct setting *setting, const struct options *options)
{
    struct cop_slice name;
    bool is_one = cop_policy_profiles(setting->policy) == 1;

    if (!is_one && options->command == COMMAND_SIMULATE) {
        setting->profile = COP_NONE;
        snprintf(setting->who, sizeof setting->who, "the profile of each line");
        return COPC_DONE;
    }
    if (!is_one) {
        fputs("copc: several profiles could be meant\n", stderr);
        list_profiles(setting->policy);
        return COPC_USAGE;
    }
    setting->profile = 0;
    name = cop_policy_profile_name(setting->policy, 0);
    snprintf(
        setting->who, sizeof setting->who, "profile %.*s", (int)name.n, name.p);
    return COPC_DONE;
}

static enum copc_exit find_subject(
    struct setting *setting, const struct options *options)
{
    if (options_has(options, OPTION_PROFILE)) {
        return find_profile(setting, options);
    }
    if (options_has(options, OPTION_POLICY) && !setting_says_subject(options) &&
        cop_policy_profiles(setting->policy) != 0) {
        return find_only_profile(setting, options);
    }
    return add_subject(setting, options);
}

static enum copc_exit join(struct setting *setting, struct findings *findings)
{
    enum cop_status status = cop_policy_new(setting->bundles,
        setting->bundles_n, &findings->report, &setting->policy);

    if (status != COP_OK) {
        return exit_of(
            status, status == COP_E_NOTFOUND ? COPC_CONFIG : COPC_DATA);
    }
    return exit_of(cop_matcher_new(&setting->matcher), COPC_BUG);
}

/* All that follows the bundles. */
static enum copc_exit open_rest(struct setting *setting,
    const struct options *options, const struct setting_sources *sources,
    struct findings *findings)
{
    const char *policy = options->value[OPTION_POLICY];
    enum copc_exit ended = COPC_DONE;

    if (policy != NULL) {
        ended = open_policy_file(setting, policy, sources, findings);
    }
    if (ended == COPC_DONE) {
        ended = join(setting, findings);
    }
    if (ended == COPC_DONE) {
        ended = find_moment(setting, options);
    }
    if (ended == COPC_DONE) {
        ended = find_subject(setting, options);
    }
    return ended == COPC_DONE ? setting_find_server(setting, options, findings)
                              : ended;
}

enum copc_exit setting_open_sources(struct setting *setting,
    const struct options *options, const struct setting_sources *sources,
    struct findings *findings)
{
    enum cop_status status;

    *setting = (struct setting){0};
    status = cop_bundle_open_memory(sources->image->bytes, sources->image->n,
        sources->name, &findings->report, &setting->bundles[0]);
    if (status != COP_OK) {
        return exit_of(status, COPC_BUG);
    }
    setting->bundles_n = 1;
    return open_rest(setting, options, sources, findings);
}

enum copc_exit setting_open(struct setting *setting,
    const struct options *options, size_t bundles, struct findings *findings)
{
    const char *policy = options->value[OPTION_POLICY];
    enum copc_exit ended;

    *setting = (struct setting){0};
    if (bundles + (policy != NULL) > COP_BUNDLES_MAX) {
        options_complain(options, "more than %d bundles", COP_BUNDLES_MAX);
        return COPC_USAGE;
    }
    ended = open_bundles(setting, options, bundles, findings);
    return ended == COPC_DONE ? open_rest(setting, options, NULL, findings)
                              : ended;
}

void setting_close(struct setting *setting)
{
    cop_matcher_free(&setting->matcher);
    cop_policy_free(&setting->policy);
    for (size_t i = 0; i < setting->bundles_n; i++) {
        cop_bundle_drop(&setting->bundles[i]);
    }
    cop_image_free(&setting->image);
}
