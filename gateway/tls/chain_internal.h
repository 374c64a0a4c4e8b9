/* The checks themselves, in chain_key.c and chain_name.c; the list is in
 * chain.c. Each says whether a certificate of the chain is as it must be. */
#ifndef GATEWAY_TLS_CHAIN_INTERNAL_H
#define GATEWAY_TLS_CHAIN_INTERNAL_H

#include "gateway/tls/chain.h"

/* Keys and signatures. */
bool chain_key_is_usual(const struct chain *chain, X509 *certificate);
bool chain_key_is_strong(const struct chain *chain, X509 *certificate);
bool chain_signature_is_strong(const struct chain *chain, X509 *certificate);

/* Names, and what authorities may name. */
bool chain_names_are_sound(const struct chain *chain, X509 *certificate);
bool chain_wildcards_are_narrow(const struct chain *chain, X509 *certificate);
bool chain_common_name_is_canonical(
    const struct chain *chain, X509 *certificate);
bool chain_common_name_is_related(const struct chain *chain, X509 *certificate);
bool chain_alternatives_fit_subject(
    const struct chain *chain, X509 *certificate);
bool chain_constraints_are_sound(const struct chain *chain, X509 *certificate);
bool chain_constraints_allow_host(const struct chain *chain, X509 *certificate);

#endif
