/* SPDX-License-Identifier: MIT */
/*
 * Framing, both directions: varint length, then that many bytes of one message, at most 1 MiB. The reader
 * takes bytes as they come and gives whole messages; it never holds more than one message.
 */
#ifndef VS_WIRE_FRAME_H
#define VS_WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VS_MESSAGE_MAX (1u << 20)
#define VS_VARINT_MAX 10

/* Writes value at out (room for VS_VARINT_MAX bytes); returns the number of bytes. */
size_t vs_varint_write(uint8_t *out, uint64_t value);
size_t vs_varint_size(uint64_t value);

struct vs_reader {
	uint8_t *data; /* of the message being read */
	size_t size;   /* bytes of it that are there */
	size_t room;
	uint64_t length; /* of the message, once its varint is whole */
	unsigned int length_bytes;
	int in_message;
};

void vs_reader_destroy(struct vs_reader *reader);

/*
 * Takes up to size bytes and stops behind a whole message. Returns the number of bytes taken, or -EMSGSIZE
 * for a message above the limit, -EPROTO for a length that is no varint. *ret_message is NULL while no message
 * is whole; else it is valid until the next call.
 */
ssize_t vs_reader_push(struct vs_reader *reader, const uint8_t *bytes, size_t size, const uint8_t **ret_message,
		       size_t *ret_size);

#endif
