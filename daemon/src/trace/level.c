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
	{ "debugfs", VS_LEVEL_DEBUGFS, "debugfs" },
	{ "none", VS_LEVEL_NONE, "off" },
};

const char *vs_level_name(enum vs_level level)
{
	size_t i = 0;

	while (levels[i].level != level)
		i++;
	return levels[i].name;
}

static bool vs_level_parse(const char *word, enum vs_level *ret)
{
	for (size_t i = 0; i < VS_ARRAY_SIZE(levels); i++) {
		if (!strcmp(word, levels[i].word)) {
			*ret = levels[i].level;
			return true;
		}
	}
	return false;
}

/* A ring buffer's size is a power of two. */
static bool vs_buffers_parse(const char *word, unsigned int *ret)
{
	for (unsigned int kib = 64; kib <= 8192; kib *= 2) {
		char text[8];

		snprintf(text, sizeof(text), "%u", kib);
		if (!strcmp(word, text)) {
			*ret = kib;
			return true;
		}
	}
	return false;
}

bool vs_options_parse(int n, char *const *arguments, struct vs_options *ret)
{
	*ret = (struct vs_options){ .level = VS_LEVEL_AUTO };
	for (int i = 0; i < n; i++) {
		bool known = !strncmp(arguments[i], "--trace=", 8)   ? vs_level_parse(arguments[i] + 8, &ret->level) :
			     !strncmp(arguments[i], "--buffers=", 10) ? vs_buffers_parse(arguments[i] + 10, &ret->buffers_kib) :
									false;

		if (!known)
			return false;
	}
	return true;
}
