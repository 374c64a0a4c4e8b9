/* The corpora of hostile input, each case against the parser alone. The
 * scenarios 20 and 21 send the same through a real gateway. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cop/url.h"
#include "gateway/config/config.h"
#include "gateway/net/address.h"
#include "gateway/net/reach.h"
#include "gateway/tls/hello.h"
#include "tests/unit/corpus.h"
#include "tests/unit/h1_tell.h"

/* Cases that came out otherwise: all are shown before a test fails. */
static size_t wrong;

/* A file that shrank was not read to its end. */
static void check_corpus(const char *name, corpus_work work, size_t least)
{
    wrong = 0;
    assert_in_range(corpus_each(name, work), least, 9999);
    assert_int_equal(wrong, 0);
}

/* --- HTTP/1 --- */

static const struct {
    const char *symbol;
    const char *text;
} faults[] = {
#define HTTP_FAULT(symbol, status, text) {#symbol, text},
#include "gateway/http/fault.tbl"
};

static const char *fault_text(const char *symbol)
{
    for (size_t i = 0; i < LENGTH_OF(faults); i++) {
        if (strcmp(faults[i].symbol, symbol) == 0) {
            return faults[i].text;
        }
    }
    fail_msg("no fault is called %s", symbol);
    return NULL;
}

/* The rest of `outcome` behind a first word. */
static const char *after(const char *outcome, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(outcome, word, n) != 0 || (outcome[n] != ' ' && outcome[n])) {
        return NULL;
    }
    return outcome[n] == ' ' ? outcome + n + 1 : outcome + n;
}

/* What is told of the bytes is as the outcome says. */
static bool told_is(const char *told, const char *outcome)
{
    bool has_head = strchr(told, '|') != NULL;
    const char *fault = strstr(told, "fault: ");
    const char *symbol;

    if ((symbol = after(outcome, "refused")) != NULL) {
        return !has_head && fault != NULL &&
               strcmp(fault + 7, fault_text(symbol)) == 0;
    }
    if ((symbol = after(outcome, "cut")) != NULL) {
        return has_head && fault != NULL &&
               strcmp(fault + 7, fault_text(symbol)) == 0;
    }
    return has_head && strstr(told, "|end\n") != NULL;
}

static void check_told(
    const struct corpus_case *sample, enum h1_kind kind, int to)
{
    const char *outcome = sample->outcome;
    char *whole;
    char *bytewise;

    if (after(outcome, "HEAD") != NULL) {
        outcome = after(outcome, "HEAD");
        to = TO_HEAD;
    }
    whole = tell(kind, to, sample->bytes, sample->bytes.n);
    bytewise = tell(kind, to, sample->bytes, 1);
    if (!told_is(whole, outcome) || !told_is(bytewise, outcome)) {
        wrong++;
        print_error("%s: not %s but %.300s\n", sample->title, outcome, whole);
    }
    free(whole);
    free(bytewise);
}

static void check_request(const struct corpus_case *sample)
{
    check_told(sample, H1_REQUEST, TO_GET);
}

static void check_response(const struct corpus_case *sample)
{
    check_told(sample, H1_RESPONSE, TO_GET);
}

static void test_requests(void **state)
{
    (void)state;
    check_corpus("http1/requests.txt", check_request, 300);
}

static void test_responses(void **state)
{
    (void)state;
    check_corpus("http1/responses.txt", check_response, 90);
}

/* --- names --- */

static void expect_outcome(const struct corpus_case *sample, const char *found)
{
    if (strcmp(found, sample->outcome) != 0) {
        wrong++;
        print_error("%s: %.*s: not %s but %s\n", sample->title,
            (int)sample->bytes.n, sample->bytes.p, sample->outcome, found);
    }
}

static void check_host(const struct corpus_case *sample)
{
    struct cop_host blocked;
    struct cop_host host;

    assert_int_equal(
        cop_host_parse(COP_LIT("casino.example"), &blocked), COP_OK);
    if (cop_host_parse(sample->bytes, &host) != COP_OK) {
        expect_outcome(sample, "refused");
        return;
    }
    expect_outcome(sample, cop_host_within(&host, &blocked) ? "same" : "other");
}

static void test_hosts(void **state)
{
    (void)state;
    check_corpus("names/hosts.txt", check_host, 70);
}

static bool is_banned(const char *text)
{
    static const char banned[] = "http://library.example/banned/page";
    size_t n = sizeof(banned) - 1;

    return strncmp(text, banned, n) == 0 && strchr("/?", text[n]) != NULL;
}

static void check_url(const struct corpus_case *sample)
{
    static struct cop_url url;
    struct cop_host host;
    char text[COP_URL_MAX + 1];

    assert_int_equal(cop_host_parse(COP_LIT("library.example"), &host), COP_OK);
    if (cop_url_compose(COP_HTTP, &host, 80, sample->bytes, &url) != COP_OK) {
        expect_outcome(sample, "refused");
        return;
    }
    snprintf(text, sizeof(text), "%.*s", (int)url.text.n, url.text.p);
    expect_outcome(sample, is_banned(text) ? "same" : "other");
}

static void test_urls(void **state)
{
    (void)state;
    check_corpus("names/urls.txt", check_url, 35);
}

static void check_reach(const struct corpus_case *sample)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const struct config closed;
    struct sockaddr_storage address;
    struct reach *reach = NULL;
    uint8_t bytes[16];
    struct cop_host host;
    socklen_t n;

    if (cop_host_parse(sample->bytes, &host) != COP_OK ||
        host.kind == COP_HOST_NAME) {
        fail_msg("%s: no address: %.*s", sample->title, (int)sample->bytes.n,
            sample->bytes.p);
    }
    memcpy(bytes, host.addr, sizeof(bytes));
    if (host.kind == COP_HOST_IPV4) {
        memcpy(bytes, mapped, sizeof(mapped));
        memcpy(bytes + sizeof(mapped), host.addr, 4);
    }
    address_from_bytes(bytes, 80, &address, &n);
    assert_int_equal(reach_new(&closed, &reach), COP_OK);
    expect_outcome(sample, reach_permits(reach, &address) ? "open" : "barred");
    reach_free(&reach);
}

static void test_reach(void **state)
{
    (void)state;
    check_corpus("names/reach.txt", check_reach, 60);
}

/* --- ClientHellos --- */

static const char *hello_outcome(
    enum cop_status status, const struct hello *hello)
{
    static const struct {
        enum cop_status status;
        const char *outcome;
    } outcomes[] = {
        {COP_AGAIN, "partial"},
        {COP_E_UNSUPPORTED, "not-tls"},
        {COP_E_SYNTAX, "malformed"},
        {COP_E_LIMIT, "large"},
    };

    for (size_t i = 0; i < LENGTH_OF(outcomes); i++) {
        if (outcomes[i].status == status) {
            return outcomes[i].outcome;
        }
    }
    return status == COP_OK && hello->has_sni ? hello->sni.text : "unnamed";
}

/* Whole, then as segments bring it: once it is decided it stays decided. */
static void check_hello(const struct corpus_case *sample)
{
    struct hello hello;
    enum cop_status status = hello_parse(sample->bytes, &hello);

    expect_outcome(sample, hello_outcome(status, &hello));
    for (size_t n = 0; n <= sample->bytes.n; n++) {
        status = hello_parse((struct cop_slice){sample->bytes.p, n}, &hello);
        if (status != COP_AGAIN) {
            break;
        }
    }
    expect_outcome(sample, hello_outcome(status, &hello));
}

static void test_hellos(void **state)
{
    (void)state;
    check_corpus("tls/hellos.txt", check_hello, 130);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_hellos),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
