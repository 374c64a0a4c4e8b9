/* Formats of lists whose lines need more than a look: zones, tables, dnsmasq,
 * networks and expressions, line after line as a list has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/read/form.h"

/* All that came of a list, as text: "object text;", "(reason)" of a line that
 * names nothing, "!line:column what" of a flaw, "?code" of a caution. */
struct came {
    char text[4096];
    size_t n;
    const struct form *form;
};

static void came_add(struct came *came, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void came_add(struct came *came, const char *format, ...)
{
    va_list values;
    int n;

    va_start(values, format);
    n = vsnprintf(
        came->text + came->n, sizeof(came->text) - came->n, format, values);
    va_end(values);
    assert_true(n >= 0 && (size_t)n < sizeof(came->text) - came->n);
    came->n += (size_t)n;
}

static bool take(void *context, enum entry_object object, struct cop_slice text)
{
    struct came *came = context;

    came_add(came, "%s %.*s%s;", entry_object_word(object), (int)text.n, text.p,
        came->form->back > 0 ? " (before)" : "");
    return true;
}

static void read_all(
    struct came *came, const struct fact_list *list, const char *text)
{
    static struct form form;
    struct entry_flaw flaw = {.what = ""};
    unsigned line = 0;

    came->n = 0;
    came->text[0] = '\0';
    came->form = &form;
    form_init(&form, list, list->format);
    form.reader.take = take;
    form.reader.context = came;
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        line++;
        flaw.what[0] = '\0';
        if (!form_read(&form, (struct cop_slice){text, n}, &flaw)) {
            came_add(came, "!%u:%zu %s;", line, flaw.offset + 1, flaw.what);
        } else if (flaw.is_caution) {
            came_add(came, "?%s;", flaw.code);
        }
        if (flaw.skipped != NULL) {
            came_add(came, "(%s);", flaw.skipped);
        }
        text += n + (text[n] == '\n');
    }
    if (!form_end(&form, &flaw)) {
        came_add(came, "!end %s;", flaw.what);
    }
}

struct row {
    const char *text;
    const char *came; /* the whole, or, ending in "...", how it begins */
};

static void check_rows(
    const struct fact_list *list, const struct row *rows, size_t n)
{
    static struct came came;

    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(rows[i].came);
        bool is_begin =
            length > 3 && strcmp(rows[i].came + length - 3, "...") == 0;

        read_all(&came, list, rows[i].text);
        if (is_begin ? strncmp(came.text, rows[i].came, length - 3) != 0
                     : strcmp(came.text, rows[i].came) != 0) {
            print_error("text: %s\nexpected: %s\ncame:     %s\n", rows[i].text,
                rows[i].came, came.text);
            fail();
        }
    }
}

#define CHECK(list, rows) check_rows(list, rows, sizeof(rows) / sizeof(rows[0]))

static void reads_zones(void **state)
{
    static const struct fact_list list = {.format = LIST_RPZ};
    static const struct row rows[] = {
        {"$TTL 300\n@ SOA localhost. root.localhost. (\n  1 ; serial\n 2 3 4 5 "
         ")\n  NS localhost.\na.example CNAME .\n*.a.example CNAME .\n",
            "host a.example;below a.example;"},
        {"a.example 60 IN CNAME *.\nb.example IN 1h CNAME rpz-drop.\n"
         "c.example\tcname\t.\n",
            "host a.example;host b.example;host c.example;"},
        {"a.example A 0.0.0.0\na.example AAAA ::\n",
            "host a.example;host a.example;"},
        {"; note\n\n  ; note\na.example CNAME . ; note\n", "host a.example;"},
        {"a.example CNAME rpz-passthru.\n",
            "(names that are opened (rpz-passthru));"},
        {"a.example CNAME RPZ-PASSTHRU.\n",
            "(names that are opened (rpz-passthru));"},
        {"a.example CNAME rpz-tcp-only.\n",
            "(names that need TCP (rpz-tcp-only));"},
        {"a.example CNAME wall.example.\n",
            "(names that lead to another name);"},
        {"a.example A 192.0.2.1\n", "(names with an address of their own);"},
        {"a.example TXT \"one; two (\" \"three\"\n",
            "(names with other data (TXT, MX and the like));"},
        {"24.0.2.0.192.rpz-ip CNAME .\n",
            "(rules about the address in an answer (rpz-ip));"},
        {"32.1.2.0.192.rpz-client-ip CNAME .\n",
            "(rules about who asks (rpz-client-ip));"},
        {"32.1.2.0.192.rpz-nsip CNAME .\n",
            "(rules about the address of a name server (rpz-nsip));"},
        {"ns.example.rpz-nsdname CNAME .\n",
            "(rules about the name of a name server (rpz-nsdname));"},
        {"b\xC3\xBC"
         "cher.example CNAME .\n",
            "host xn--bcher-kva.example;"},
        /* names with a last dot are the zone's */
        {"$ORIGIN rpz.example.\na.test CNAME .\nb.test.rpz.example. CNAME .\n"
         "*.c.test.RPZ.example. CNAME .\n",
            "host a.test;host b.test;below c.test;"},
        {"rpz.example. SOA a. b. 1 1 1 1 1\nb.test.rpz.example. CNAME .\n"
         "c.test CNAME .\n",
            "host b.test;host c.test;"},
        {"$ORIGIN .\nrpz.example SOA a. b. 1 1 1 1 1\n"
         "$ORIGIN rpz.example.\nb.test CNAME .\n"
         "$ORIGIN test.rpz.example.\nc CNAME .\n",
            "host b.test;host c.test;"},
        {"$ORIGIN rpz.example.\n@ SOA a. b. 1 1 1 1 1\n@ A 127.0.0.1\n", ""},
        {"$ORIGIN rpz.example.\n@ CNAME .\n", "!2:1 this would be about..."},
        {"$ORIGIN rpz.example.\nb.test. CNAME .\n",
            "!2:1 this name is not in the zone;"},
        {"a.example. CNAME .\n", "!1:1 nothing says which part of this..."},
        /* the owner before goes on */
        {"a.example TXT x\n  CNAME .\n",
            "(names with other data (TXT, MX and the like));host a.example;"},
        {"a.example CNAME (\n . )\nb.example CNAME .\n",
            "host a.example;host b.example;"},
        {"a.example CNAME rpz-passthru\n", "!1:17 without a dot at its end..."},
        {"a.example CNAME *\n", "!1:17 without a dot..."},
        {"a.example\n", "!1:1 this record ends too early;"},
        {"a.example CNAME\n", "!1:1 this record ends too early;"},
        {"a.example CNAME . )\n", "host a.example;!1:19 there is a paren..."},
        {"a.example TXT \"x\n", "!1:15 this text in quotes does not end;"},
        {"a.example SOA ( 1 2\n", "!end the zone ends within a record;"},
        {"a\\046b.example CNAME .\n", "!1:1 no host has such a name;"},
        {".a.example CNAME .\n", "!1:1 no host has such a name;"},
        {"a..example CNAME .\n", "!1:1 \"a..example\" is no domain;"},
        {"a.*.example CNAME .\n", "!1:1 \"a.*.example\" is no domain;"},
        {"a.example -\n", "!1:11 this is no type of record;"},
        {"$INCLUDE x\n", "!1:1 a zone that is a list stands in one file;"},
        {"$GENERATE 1-2 x CNAME .\n", "!1:1 a zone that is a list..."},
        {"$FOO 1\n", "!1:1 there is no such setting;"},
        {"$ORIGIN\n", "!1:1 there is no such setting;"},
        {"\xff CNAME .\n", "!1:1 this byte is not UTF-8 text;"},
        {"com CNAME .\n", "host com;"}, /* exactly it: nobody's names */
        {"*.com CNAME .\n", "below com;?suffix;"},
    };

    (void)state;
    CHECK(&list, rows);
}

static void zones_bound_names_and_parentheses(void **state)
{
    static const struct fact_list list = {.format = LIST_RPZ};
    static struct came came;
    char text[1024];

    (void)state;
    memset(text, 'a', sizeof(text));
    (void)snprintf(
        text + 300, sizeof(text) - 300, " CNAME .\nb.test CNAME .\n");
    read_all(&came, &list, text);
    assert_string_equal(came.text, "!1:1 this name is too long;host b.test;");
    read_all(&came, &list, "a SOA (((((((((\nb.test CNAME .\n");
    assert_string_equal(
        came.text, "!1:15 there is a parenthesis too many here;host b.test;");
}

static void reads_dnsmasq(void **state)
{
    static const struct fact_list list = {
        .format = LIST_DNSMASQ, .object = ENTRY_DOMAIN};
    static const struct row rows[] = {
        {"address=/a.example/0.0.0.0", "domain a.example;"},
        {"address=/a.example/#", "domain a.example;"},
        {"address=/a.example/", "domain a.example;"},
        {"address=/a.example/b.example/::", "domain a.example;domain "
                                            "b.example;"},
        {"server=/a.example/", "domain a.example;"},
        {"local=/A.Example/ # note", "domain a.example;"},
        {"# address=/a.example/", ""},
        {"address=/*.a.example/", "below a.example;"},
        {"address=/.a.example/", "domain a.example;"},
        {"server=/a.example/192.0.2.1",
            "(names that have a server of their own);"},
        {"server=/a.example/#", "(names that are excepted);"},
        {"server=192.0.2.1", "(settings for all names);"},
        {"address=/#/0.0.0.0", "(/#/, every name there is);"},
        {"local=//", "(//, names without a dot);"},
        {"domain-needed", "(settings that name nothing to block);"},
        {"conf-dir=/etc/x", "(settings that name nothing to block);"},
        {"address=/a b/", "!1:10 \"a b\" is no domain;"},
        {"address=/", "!1:9 there is no name here;"},
        {"address", "!1:8 there is no name here;"},
        {" address= ", "!1:10 there is no name here;"},
        {"address=/a.example", "!1:9 there is no name here;"},
        {"a.example", "!1:1 \"a.example\" is no setting of dnsmasq;"},
        {"=/a.example/", "!1:1 \"=/a.example/\" is no setting of dnsmasq;"},
        {"address=/com/", "domain com;?suffix;"},
    };

    (void)state;
    CHECK(&list, rows);
}

static void reads_networks(void **state)
{
    static const struct fact_list list = {
        .format = LIST_CIDR, .object = ENTRY_CIDR};
    static const struct row rows[] = {
        {"192.0.2.0/24 # note\n\n# note\n2001:DB8::/32\n192.0.2.1\n",
            "network 192.0.2.0/24;network 2001:db8::/32;network 192.0.2.1/32;"},
        {"192.0.2.1/24", "!1:1 \"192.0.2.1/24\" has an address inside the "
                         "network, which is 192.0.2.0/24;"},
        {" 192.0.2.0/33", "!1:2 \"192.0.2.0/33\" has no valid length..."},
        {"a.example", "!1:1 \"a.example\" is no network of addresses;"},
        {"192.0.2.0-192.0.2.9", "!1:1 \"192.0.2.0-192.0.2.9\" is no..."},
        {"0.0.0.0/0", "network 0.0.0.0/0;?network;"},
        {"10.0.0.0/8\n10.0.0.0/7",
            "network 10.0.0.0/8;network 10.0.0.0/7;?network;"},
    };

    (void)state;
    CHECK(&list, rows);
}

static void reads_expressions(void **state)
{
    static const struct fact_list list = {.format = LIST_EXPRESSIONS};
    static const struct row rows[] = {
        {"# note\n(^|[./])a[0-9]+\\.example/", "pattern "
                                               "(^|[./])a[0-9]+\\.example/;"},
        {"[]a]x\n[^]a]x\n[[:digit:]]x",
            "pattern []a]x;pattern [^]a]x;pattern [[:digit:]]x;"},
        {"[\\w]x", "pattern [\\w]x;?expression;"},
        {"a\\.b\\/c", "pattern a\\.b\\/c;"},
        {"a\\<b", "pattern a\\<b;?expression;"},
        {"a\\d", "pattern a\\d;?expression;"},
        {"(?:a)b", "pattern (?:a)b;?expression;"},
        {"ab+?", "pattern ab+?;?expression;"},
        {"a{2}+b", "pattern a{2}+b;?expression;"},
        {"a\\\\.b", "pattern a\\\\.b;"},
        {"[[.a.]]x", "!1:..."},
        {"a(b", "!1:4 this is no regular expression..."},
        {"a*", "!1:1 the pattern matches the empty text..."},
        {"[", "!1:..."},
        {"[[:", "!1:..."},
        {"[a\\", "!1:..."},
        {"a\\", "!1:..."},
    };

    (void)state;
    CHECK(&list, rows);
}

static void reads_tables(void **state)
{
    static const struct fact_list plain = {.format = LIST_CSV,
        .object = ENTRY_DOMAIN,
        .csv = {.delimiter = ',', .name = {.number = 2}}};
    static const struct row rows[] = {
        {"1,a.example\n2,b.example\n", "domain a.example;domain b.example;"},
        {"1,\"a.example\"\n2, b.example \n",
            "domain a.example;domain b.example;"},
        {"# note\n\n1,a.example\n# note\n", "domain a.example;"},
        {"\"x \"\"y\"\", z\",a.example\n", "domain a.example;"},
        {"\"two\nlines\",a.example\n1,b.example\n",
            "domain a.example (before);domain b.example;"},
        {"1,\n2,b.example\n", "(rows without a name);domain b.example;"},
        {"1,a.example\n2\n3,c.example\n",
            "domain a.example;!2:1 this row has 1 columns and the first has "
            "2;domain c.example;"},
        {"1,a.example\n2,b.example,3\n",
            "domain a.example;!2:1 this row has 3 columns and the first has "
            "2;"},
        {"a.example\nb.example\n", "!1:1 the table has 1 columns;"},
        {"1,a\"b\n2,b.example\n",
            "!1:4 there are quotes inside a field without quotes;domain "
            "b.example;"},
        {"\"1\"x,a.example\n2,b.example\n",
            "!1:4 there is something behind the quotes that end a field;"
            "domain b.example;"},
        {"1,https://a.example/\n", "!1:3 \"https://a.example/\" is no domain;"},
        {"\"1,a.example\n2,b.example\n",
            "!end the table ends within a field in quotes;"},
        {"1,\"a\nb.example\"\n", "!2:..."},
        {"1,a\x01.example\n", "!1:4 there is a control character here;"},
    };

    (void)state;
    CHECK(&plain, rows);
}

static void tables_have_headers(void **state)
{
    static const struct fact_list list = {.format = LIST_CSV,
        .object = ENTRY_URL,
        .csv = {.delimiter = ';',
            .has_header = true,
            .name = {.header = {"the url", 7}}}};
    static const struct row rows[] = {
        {"id;the url\n1;https://a.example/b\n", "url a.example/b;"},
        {"id;\"the url\"\n1;https://a.example/b\n", "url a.example/b;"},
        {"the url\na.example/b\n", "url a.example/b;"},
        {"id;url\n1;a.example\n2;b.example\n",
            "!1:1 the header has no column \"the url\";"},
    };

    (void)state;
    CHECK(&list, rows);
}

static void tables_have_categories(void **state)
{
    static const struct cop_slice known[] = {{"bet", 3}, {"chat", 4}};
    static struct fact_list list = {.format = LIST_CSV,
        .object = ENTRY_DOMAIN,
        .csv = {.delimiter = ',',
            .name = {.number = 1},
            .category = {.number = 2},
            .known = known,
            .known_n = 2}};
    static const char text[] =
        "a.test,bet\nb.test,chat\nc.test,bet\nd.test,x\n";
    static const struct row rest[] = {{text, "domain d.test;"}};
    static const struct row bets[] = {
        {text, "domain a.test;domain c.test;(rows whose category is not in "
               "category_map);"}};
    static const struct row chat[] = {{text, "domain b.test;"}};

    (void)state;
    CHECK(&list, rest);
    list.csv.only = known[1];
    CHECK(&list, chat);
    list.csv.only = known[0];
    list.csv.tells_unknown = true;
    CHECK(&list, bets);
}

static void tables_are_bounded(void **state)
{
    static const struct fact_list list = {.format = LIST_CSV,
        .object = ENTRY_DOMAIN,
        .csv = {.delimiter = ',', .name = {.number = 1}}};
    static struct came came;
    static char text[CSV_FIELD_MAX + 64];

    (void)state;
    memset(text, ',', 400);
    (void)snprintf(text + 400, 20, "\na.test\n");
    read_all(&came, &list, text);
    assert_non_null(strstr(came.text, "!1:256 a table has at most 256"));
    memset(text, 'a', CSV_FIELD_MAX + 1);
    (void)snprintf(text + CSV_FIELD_MAX + 1, 20, "\na.test\n");
    read_all(&came, &list, text);
    assert_string_equal(came.text,
        "!1:4097 this field has more than 4,096 bytes;domain a.test;");
    memset(text, '\n', sizeof(text) - 1);
    text[0] = '"';
    text[110] = '\0';
    read_all(&came, &list, text);
    assert_non_null(strstr(came.text, "a field in quotes does not end"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_zones),
        cmocka_unit_test(zones_bound_names_and_parentheses),
        cmocka_unit_test(reads_dnsmasq),
        cmocka_unit_test(reads_networks),
        cmocka_unit_test(reads_expressions),
        cmocka_unit_test(reads_tables),
        cmocka_unit_test(tables_have_headers),
        cmocka_unit_test(tables_have_categories),
        cmocka_unit_test(tables_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
