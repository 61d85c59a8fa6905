/* SPDX-License-Identifier: MIT */
#include "trace/level.h"

#include "util.h"

static const struct {
	const char *word;
	enum vs_level level;
	const char *name;
} levels[] = {
	{ "auto", VS_LEVEL_AUTO, "the best there is" },
	{ "bpf", VS_LEVEL_BPF, "BPF" },
	{ "kprobes", VS_LEVEL_KPROBES, "kprobe events" },
	{ "none", VS_LEVEL_NONE, "off" },
};

const char *vs_level_name(enum vs_level level)
{
	size_t i = 0;

	while (levels[i].level != level)
		i++;
	return levels[i].name;
}

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
