// SPDX-License-Identifier: MIT
/* xoshiro256** and splitmix64. See rng.h. */
#include "scenario/rng.h"

uint64_t vs_splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void vs_rng_init(struct vs_rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->s[i] = vs_splitmix64(&seed);
}

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t vs_rng_next(struct vs_rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t vs_rng_below(struct vs_rng *rng, uint64_t n)
{
	/* Values below 2^64 mod n would make the low results likelier. */
	uint64_t reject = -n % n;
	uint64_t x;

	do
		x = vs_rng_next(rng);
	while (x < reject);
	return x % n;
}
