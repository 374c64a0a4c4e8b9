/* A keyed 64-bit hash: SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012, with one round a word and three at the end).
 *
 * The same key and bytes give the same number on every machine, whatever its
 * byte order, so that the number may be stored in files. Not for secrecy. */
#ifndef RULES_BASE_HASH_H
#define RULES_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_keyed(const uint64_t key[2], const void *bytes, size_t n);

#endif
