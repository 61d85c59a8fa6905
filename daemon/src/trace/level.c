/* SPDX-License-Identifier: MIT */
#include "trace/level.h"

#include "util.h"

static const struct {
	const char *word;
	enum vs_level level;
} levels[] = {
	{ "auto", VS_LEVEL_AUTO },
	{ "bpf", VS_LEVEL_BPF },
	{ "none", VS_LEVEL_NONE },
};

bool vs_level_parse(const char *word, enum vs_level *ret)
{
	for (size_t i = 0; i < VS_ARRAY_SIZE(levels); i++) {
		if (!strcmp(word, levels[i].word)) {
			*ret = levels[i].level;
			return true;
		}
	}
	return false;
}
