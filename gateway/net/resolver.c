/* A lookup is answered from the table of names, or joins the query for its
 * name, or starts one. A query asks for A and AAAA at once and ends when both
 * are answered. When one gave addresses and the other does not come, lookups
 * are let go after a short grace (RFC 8305 section 3): servers that never
 * answer AAAA are common, and a child should not wait for them.
 *
 * Invariants
 * 1. Answers are handed over by a deferred task, never from within c-ares nor
 *    from within resolver_ask(), so a callback may ask, cancel or free.
 * 2. A query lives until c-ares has reported on both of its halves, whoever
 *    still waits: c-ares cannot give up a single question.
 * 3. A lookup has its own deadline, whatever c-ares does. */
#include "gateway/net/resolver.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>

#include "gateway/config/config.h"
#include "gateway/net/address.h"
#include "gateway/net/servers.h"

enum {
    QUERIES_MAX = 1024,
    QUERY_FAMILY_ADDRESSES = ANSWERS_ADDRESSES / 2,
    QUERY_GRACE_MS = 50, /* RFC 8305 section 3 */
    TTL_MAX_MS = 300 * 1000,
    TTL_NEGATIVE_MS = 10 * 1000
};

struct query {
    struct resolver *resolver;
    struct query *next;
    struct query *prev;
    struct lookup *waiters;
    struct timer grace;
    unsigned unanswered; /* halves that c-ares has not reported on */
    bool is_out_of_grace;
    bool has_timed_out;
    bool has_failed;
    int64_t ttl_ms;
    struct answer answer;
    size_t name_n;
    char name[COP_HOST_MAX + 1];
};

struct resolver {
    struct loop *loop;
    struct servers *servers;
    struct answers *answers;
    struct query *queries;
    uint32_t queries_n;
    uint32_t resolve_ms;
    bool is_asking_again; /* cancelled queries are not over */
};

/* Lookups. */

static void lookup_answer(
    struct lookup *lookup, enum cop_reason reason, const struct answer *answer)
{
    loop_clear_timer(lookup->resolver->loop, &lookup->timer);
    lookup->query = NULL;
    lookup->reason = reason;
    if (answer != NULL) {
        lookup->answer = *answer;
    }
    loop_defer(lookup->resolver->loop, &lookup->task);
}

static void lookup_on_task(struct task *task)
{
    struct lookup *lookup = LOOP_OWNER(task, struct lookup, task);

    lookup->resolver = NULL;
    lookup->fn(lookup);
}

static void lookup_leave_query(struct lookup *lookup)
{
    struct lookup **link = &lookup->query->waiters;

    while (*link != lookup) {
        link = &(*link)->next;
    }
    *link = lookup->next;
    lookup->query = NULL;
}

static void lookup_on_timer(struct timer *timer)
{
    struct lookup *lookup = LOOP_OWNER(timer, struct lookup, timer);

    lookup_leave_query(lookup);
    lookup_answer(lookup, COP_REASON_RESOLVE_TIMEOUT, NULL);
}

void lookup_init(struct lookup *lookup, lookup_fn *fn)
{
    memset(lookup, 0, sizeof(*lookup));
    lookup->fn = fn;
    timer_init(&lookup->timer, lookup_on_timer);
    task_init(&lookup->task, lookup_on_task);
}

void lookup_cancel(struct lookup *lookup)
{
    if (lookup->resolver == NULL) {
        return;
    }
    if (lookup->query != NULL) {
        lookup_leave_query(lookup);
    }
    loop_clear_timer(lookup->resolver->loop, &lookup->timer);
    loop_cancel_task(lookup->resolver->loop, &lookup->task);
    lookup->resolver = NULL;
}

/* Queries. */

static void query_release(struct query *query, enum cop_reason reason)
{
    while (query->waiters != NULL) {
        struct lookup *lookup = query->waiters;

        query->waiters = lookup->next;
        lookup_answer(lookup, reason, &query->answer);
    }
}

static void query_on_grace(struct timer *timer)
{
    struct query *query = LOOP_OWNER(timer, struct query, grace);

    query->is_out_of_grace = true;
    query_release(query, COP_REASON_NONE);
}

static void query_free(struct query *query)
{
    struct resolver *resolver = query->resolver;

    *(query->prev != NULL ? &query->prev->next : &resolver->queries) =
        query->next;
    if (query->next != NULL) {
        query->next->prev = query->prev;
    }
    resolver->queries_n--;
    loop_clear_timer(resolver->loop, &query->grace);
    free(query);
}

/* Remember the answer, tell those who wait, and go. */
static void query_end(struct query *query)
{
    struct resolver *resolver = query->resolver;
    bool is_known =
        query->answer.n > 0 || (!query->has_failed && !query->has_timed_out);
    enum cop_reason reason = COP_REASON_NONE;

    if (query->answer.n == 0) {
        query->ttl_ms = TTL_NEGATIVE_MS;
        reason = query->has_timed_out ? COP_REASON_RESOLVE_TIMEOUT
                                      : COP_REASON_RESOLVE;
    }
    if (is_known &&
        answers_learn(resolver->answers,
            (struct cop_slice){query->name, query->name_n}, &query->answer,
            loop_now_ms(resolver->loop), query->ttl_ms) != COP_OK) {
        reason = query->answer.n > 0 ? COP_REASON_NONE : COP_REASON_MEMORY;
    }
    query_release(query, reason);
    query_free(query);
}

static void query_add(struct query *query, const uint8_t address[16], int ttl_s)
{
    int64_t ttl_ms = ttl_s < 0 ? 0 : (int64_t)ttl_s * 1000;

    answer_add(&query->answer, address);
    if (ttl_ms < query->ttl_ms) {
        query->ttl_ms = ttl_ms;
    }
}

static int query_take_a(struct query *query, const unsigned char *reply, int n)
{
    struct ares_addrttl found[QUERY_FAMILY_ADDRESSES];
    int found_n = QUERY_FAMILY_ADDRESSES;
    int status = ares_parse_a_reply(reply, n, NULL, found, &found_n);

    for (int i = 0; status == ARES_SUCCESS && i < found_n; i++) {
        uint8_t address[16] = {[10] = 0xff, [11] = 0xff};

        memcpy(address + 12, &found[i].ipaddr, 4);
        query_add(query, address, found[i].ttl);
    }
    return status;
}

static int query_take_aaaa(
    struct query *query, const unsigned char *reply, int n)
{
    struct ares_addr6ttl found[QUERY_FAMILY_ADDRESSES];
    int found_n = QUERY_FAMILY_ADDRESSES;
    int status = ares_parse_aaaa_reply(reply, n, NULL, found, &found_n);

    for (int i = 0; status == ARES_SUCCESS && i < found_n; i++) {
        uint8_t address[16];

        memcpy(address, &found[i].ip6addr, 16);
        query_add(query, address, found[i].ttl);
    }
    return status;
}

/* One half has been answered, or given up. */
static void query_on_half(struct query *query, int status)
{
    query->unanswered--;
    if (query->resolver->is_asking_again) {
        return;
    }
    if (status == ARES_ETIMEOUT) {
        query->has_timed_out = true;
    } else if (status != ARES_SUCCESS && status != ARES_ENOTFOUND &&
               status != ARES_ENODATA) {
        query->has_failed = true;
    }
    if (query->unanswered == 0) {
        query_end(query);
    } else if (query->answer.n > 0 &&
               loop_set_timer(query->resolver->loop, &query->grace,
                   QUERY_GRACE_MS) != COP_OK) {
        query_on_grace(&query->grace);
    }
}

static void query_on_a(
    void *context, int status, int timeouts, unsigned char *reply, int n)
{
    struct query *query = context;

    (void)timeouts;
    if (status == ARES_SUCCESS) {
        status = query_take_a(query, reply, n);
    }
    query_on_half(query, status);
}

static void query_on_aaaa(
    void *context, int status, int timeouts, unsigned char *reply, int n)
{
    struct query *query = context;

    (void)timeouts;
    if (status == ARES_SUCCESS) {
        status = query_take_aaaa(query, reply, n);
    }
    query_on_half(query, status);
}

/* Ask; the query may be over, and gone, when this returns. */
static void query_send(struct query *query)
{
    struct servers *servers = query->resolver->servers;

    query->unanswered = 2;
    query->is_out_of_grace = false;
    query->has_timed_out = false;
    query->has_failed = false;
    query->ttl_ms = TTL_MAX_MS;
    query->answer.n = 0;
    loop_clear_timer(query->resolver->loop, &query->grace);
    servers_ask(servers, query->name, ns_t_aaaa, query_on_aaaa, query);
    servers_ask(servers, query->name, ns_t_a, query_on_a, query);
}

static struct query *query_new(
    struct resolver *resolver, const struct cop_host *host)
{
    struct query *query =
        resolver->queries_n < QUERIES_MAX ? calloc(1, sizeof(*query)) : NULL;

    if (query == NULL) {
        return NULL;
    }
    query->resolver = resolver;
    query->name_n = host->n;
    memcpy(query->name, host->text, host->n);
    timer_init(&query->grace, query_on_grace);
    query->next = resolver->queries;
    if (query->next != NULL) {
        query->next->prev = query;
    }
    resolver->queries = query;
    resolver->queries_n++;
    return query;
}

static struct query *query_find(
    const struct resolver *resolver, struct cop_slice name)
{
    for (struct query *query = resolver->queries; query != NULL;
         query = query->next) {
        if (cop_slice_eq(
                (struct cop_slice){query->name, query->name_n}, name)) {
            return query;
        }
    }
    return NULL;
}

/* Asking. */

/* Whether a name is `domain` or below it. */
static bool is_below(struct cop_slice name, struct cop_slice domain)
{
    struct cop_slice tail;

    if (name.n <= domain.n) {
        return cop_slice_eq(name, domain);
    }
    tail = (struct cop_slice){name.p + name.n - domain.n, domain.n};
    return cop_slice_eq(tail, domain) && tail.p[-1] == '.';
}

/* Names that no name server is asked for: RFC 6761 sections 6.3 and 6.4,
 * RFC 7686 section 2. */
static bool answer_special(struct cop_slice name, struct answer *answer)
{
    static const uint8_t ipv6[16] = {[15] = 1};
    static const uint8_t ipv4[16] = {
        [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};

    answer->n = 0;
    if (is_below(name, COP_LIT("localhost"))) {
        answer_add(answer, ipv6);
        answer_add(answer, ipv4);
        return true;
    }
    return is_below(name, COP_LIT("invalid")) ||
           is_below(name, COP_LIT("onion"));
}

static void lookup_wait(
    struct lookup *lookup, struct query *query, uint32_t patience_ms)
{
    lookup->query = query;
    lookup->next = query->waiters;
    query->waiters = lookup;
    if (query->is_out_of_grace) {
        query_release(query, COP_REASON_NONE);
    } else if (loop_set_timer(query->resolver->loop, &lookup->timer,
                   patience_ms) != COP_OK) {
        lookup_leave_query(lookup);
        lookup_answer(lookup, COP_REASON_MEMORY, NULL);
    }
}

void resolver_ask(struct resolver *resolver, const struct cop_host *host,
    struct lookup *lookup)
{
    struct cop_slice name = cop_host_slice(host);
    const struct answer *known =
        answers_find(resolver->answers, name, loop_now_ms(resolver->loop));
    struct answer special;
    struct query *query;

    lookup->resolver = resolver;
    lookup->answer.n = 0;
    if (known == NULL && answer_special(name, &special)) {
        known = &special;
    }
    if (known != NULL) {
        lookup_answer(
            lookup, known->n > 0 ? COP_REASON_NONE : COP_REASON_RESOLVE, known);
        return;
    }
    query = query_find(resolver, name);
    if (query != NULL) {
        lookup_wait(lookup, query, resolver->resolve_ms);
        return;
    }
    query = query_new(resolver, host);
    if (query == NULL) {
        lookup_answer(lookup,
            resolver->queries_n < QUERIES_MAX ? COP_REASON_MEMORY
                                              : COP_REASON_LIMIT,
            NULL);
        return;
    }
    lookup_wait(lookup, query, resolver->resolve_ms);
    query_send(query);
}

/* Setting up. */

static enum cop_status answers_from_config(
    const struct config *config, struct answers **out)
{
    struct answers *answers = NULL;
    enum cop_status status = answers_new(&answers);

    for (uint32_t i = 0; status == COP_OK && i < config->hosts_n; i++) {
        const struct config_host *host = &config->hosts[i];
        struct answer answer = {0};

        for (uint32_t j = 0; j < host->addresses_n; j++) {
            uint8_t address[16];

            address_bytes(&host->addresses[j], address);
            answer_add(&answer, address);
        }
        status = answers_fix(answers, host->name, &answer);
    }
    if (status != COP_OK) {
        answers_free(&answers);
        return status;
    }
    *out = answers;
    return COP_OK;
}

enum cop_status resolver_new(
    struct loop *loop, const struct config *config, struct resolver **out)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    enum cop_status status;

    if (resolver == NULL) {
        return COP_E_NOMEM;
    }
    resolver->loop = loop;
    status = servers_new(loop, &resolver->servers);
    if (status == COP_OK) {
        status = resolver_reconfigure(resolver, config);
    }
    if (status != COP_OK) {
        resolver_free(&resolver);
        return status;
    }
    *out = resolver;
    return COP_OK;
}

enum cop_status resolver_reconfigure(
    struct resolver *resolver, const struct config *config)
{
    struct answers *answers = NULL;
    struct query *next;
    enum cop_status status = answers_from_config(config, &answers);

    if (status != COP_OK) {
        return status;
    }
    resolver->is_asking_again = true;
    status = servers_use(resolver->servers, config);
    resolver->is_asking_again = false;
    for (struct query *query = resolver->queries; query != NULL; query = next) {
        next = query->next;
        query_send(query);
    }
    if (status != COP_OK) {
        answers_free(&answers);
        return status;
    }
    answers_free(&resolver->answers);
    resolver->answers = answers;
    resolver->resolve_ms = config->limits.resolve_ms;
    return COP_OK;
}

void resolver_free(struct resolver **resolver)
{
    struct resolver *it = *resolver;

    if (it == NULL) {
        return;
    }
    servers_free(&it->servers); /* ends every query */
    answers_free(&it->answers);
    free(it);
    *resolver = NULL;
}
