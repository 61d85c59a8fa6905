/* SPDX-License-Identifier: MIT */
/* The bytes and texts of tracefs; no files here. */
#include <string.h>

#include "trace/tracefs.h"
#include "util.h"

/* Types of the head of an entry, kernel/trace/ring_buffer.c "compressed entry header". */
#define PADDING 29
#define TIME_EXTEND 30
#define TIME_STAMP 31
/* Bits of the commit word that are not its size: missed events, and whether their number is stored. */
#define COMMIT_SIZE 0xfffff
#define PAGE_HEAD 16
/* An absolute time has 59 bits; the others are those of the page (rb_fix_abs_ts). */
#define STAMP_BITS 59

static uint32_t vs_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t vs_u64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

bool vs_tracefs_parse(const uint8_t *page, size_t size, vs_tracefs_event_fn event, void *data)
{
	uint64_t time, base;
	size_t at = PAGE_HEAD, end;

	if (size < PAGE_HEAD)
		return false;
	time = base = vs_u64(page);
	end = PAGE_HEAD + (vs_u64(page + 8) & COMMIT_SIZE);
	if (end > size)
		return false;
	while (at + 4 <= end) {
		uint32_t head = vs_u32(page + at), type = head & 31, delta = head >> 5;
		uint32_t array = at + 8 <= end ? vs_u32(page + at + 4) : 0;
		size_t body = at + 4, length = type * 4;

		if (type == PADDING) {
			if (!delta)
				return true; /* the rest of the page is empty */
			time += delta;
			at += 4 + array;
			if (!array)
				return false;
			continue;
		}
		if (type == TIME_EXTEND || type == TIME_STAMP) {
			uint64_t value = ((uint64_t)array << 27) + delta;

			time = type == TIME_EXTEND ? time + value : value | (base >> STAMP_BITS << STAMP_BITS);
			at += 8;
			continue;
		}
		if (!type) {
			if (array < 4)
				return false;
			body += 4;
			length = array - 4;
		}
		if (body + length > end)
			return false;
		time += delta;
		event(data, time, page + body, length);
		/* An entry keeps to 4 bytes; type 0 has its length with the word of the length, in bytes. */
		at = body + ((length + 3) & ~(size_t)3);
	}
	return true;
}

/* The start of the line that has name before a colon, behind the colon. */
static const char *vs_line_value(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, name, n) && line[n] == ':')
			return line + n + 1;
	return NULL;
}

uint64_t vs_tracefs_stat(const char *text, const char *name)
{
	const char *value = vs_line_value(text, name);

	return value ? strtoull(value, NULL, 10) : 0;
}

/* Lines of "  name  hits  missed". */
uint64_t vs_tracefs_missed(const char *profile, const char *name)
{
	size_t length = strlen(name);
	uint64_t missed = 0;

	for (const char *line = profile; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		unsigned long long n;

		line += strspn(line, " ");
		if (!strncmp(line, name, length) && line[length] == ' ' && sscanf(line + length, "%*u %llu", &n) == 1)
			missed += n;
	}
	return missed;
}

bool vs_tracefs_field(const char *format, const char *name, uint32_t *ret_offset, uint32_t *ret_size)
{
	char wanted[64];
	const char *field;

	/* "	field:u64 a0;	offset:16;	size:8;	signed:0;" */
	snprintf(wanted, sizeof(wanted), " %s;\toffset:", name);
	field = strstr(format, wanted);
	return field && sscanf(field + strlen(wanted), "%u;\tsize:%u;", ret_offset, ret_size) == 2;
}
