/* SPDX-License-Identifier: MIT */
#include "wire/frame.h"

#include <errno.h>

#include "util.h"

size_t vs_varint_write(uint8_t *out, uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		out[n++] = (uint8_t)value | 0x80;
	out[n++] = (uint8_t)value;
	return n;
}

size_t vs_varint_size(uint64_t value)
{
	uint8_t out[VS_VARINT_MAX];

	return vs_varint_write(out, value);
}

void vs_reader_destroy(struct vs_reader *reader)
{
	free(reader->data);
	*reader = (struct vs_reader){ 0 };
}

/* One byte of the length; 1 when it was the last one. */
static int vs_reader_length(struct vs_reader *reader, uint8_t byte)
{
	/* 1 MiB needs three bytes; whatever is longer is too big or not a length at all. */
	if (reader->length_bytes == VS_VARINT_MAX)
		return -EPROTO;
	if (reader->length_bytes < 9)
		reader->length |= (uint64_t)(byte & 0x7f) << (7 * reader->length_bytes);
	reader->length_bytes++;
	if (byte & 0x80)
		return 0;
	if (reader->length_bytes == VS_VARINT_MAX || reader->length > VS_MESSAGE_MAX)
		return -EMSGSIZE;
	return 1;
}

ssize_t vs_reader_push(struct vs_reader *reader, const uint8_t *bytes, size_t size, const uint8_t **ret_message,
		       size_t *ret_size)
{
	size_t taken = 0;
	size_t part;
	int r = 0;

	*ret_message = NULL;
	while (!reader->in_message && taken < size) {
		r = vs_reader_length(reader, bytes[taken++]);
		if (r < 0)
			return r;
		reader->in_message = r;
	}
	if (!reader->in_message)
		return (ssize_t)taken;
	part = reader->length - reader->size < size - taken ? reader->length - reader->size : size - taken;
	/* Grown by what came and not by what was announced: a length costs its sender the bytes. */
	if (reader->size + part > reader->room || !reader->data) {
		reader->room = (reader->size + part) * 2 + 64;
		reader->data = vs_xrealloc(reader->data, reader->room, 1);
	}
	memcpy(reader->data + reader->size, bytes + taken, part);
	reader->size += part;
	if (reader->size == reader->length) {
		*ret_message = reader->data;
		*ret_size = reader->size;
		reader->size = 0;
		reader->length = 0;
		reader->length_bytes = 0;
		reader->in_message = 0;
	}
	return (ssize_t)(taken + part);
}
