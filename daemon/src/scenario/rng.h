/* SPDX-License-Identifier: MIT */
/*
 * The scenarios' random numbers: xoshiro256** 1.0, its state filled by splitmix64 from one seed
 * (David Blackman and Sebastiano Vigna, https://prng.di.unimi.it, public domain). A session names
 * its seed, so this sequence is part of what makes a session repeatable: never change it.
 */
#ifndef VS_SCENARIO_RNG_H
#define VS_SCENARIO_RNG_H

#include <stdint.h>

struct vs_rng {
	uint64_t s[4];
};

/* One step of splitmix64. */
uint64_t vs_splitmix64(uint64_t *state);
void vs_rng_init(struct vs_rng *rng, uint64_t seed);
uint64_t vs_rng_next(struct vs_rng *rng);
/* Even over 0 .. n - 1; n must not be 0. */
uint64_t vs_rng_below(struct vs_rng *rng, uint64_t n);

#endif
