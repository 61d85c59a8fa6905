/* SPDX-License-Identifier: MIT */
#include "vs_test.h"

#include <errno.h>

#include "util.h"
#include "wire/frame.h"

/* Feeds bytes in pieces of the given size; returns the number of messages, or the error. */
static ssize_t feed(struct vs_reader *reader, const uint8_t *bytes, size_t size, size_t piece, size_t *ret_last)
{
	const uint8_t *message;
	ssize_t n = 0;

	for (size_t at = 0; at < size;) {
		size_t part = size - at < piece ? size - at : piece;
		ssize_t taken = vs_reader_push(reader, bytes + at, part, &message, ret_last);

		if (taken < 0)
			return taken;
		assert_true((size_t)taken <= part);
		at += (size_t)taken;
		n += message != NULL;
	}
	return n;
}

static void test_varint_has_seven_bits_a_byte(void **state)
{
	static const struct {
		uint64_t value;
		size_t size;
		uint8_t bytes[10];
	} cases[] = {
		{ 0, 1, { 0 } },
		{ 127, 1, { 0x7f } },
		{ 128, 2, { 0x80, 0x01 } },
		{ 300, 2, { 0xac, 0x02 } },
		{ UINT64_MAX, 10, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
	};

	for (size_t i = 0; i < VS_ARRAY_SIZE(cases); i++) {
		uint8_t out[VS_VARINT_MAX];

		assert_int_equal(vs_varint_write(out, cases[i].value), cases[i].size);
		assert_memory_equal(out, cases[i].bytes, cases[i].size);
		assert_int_equal(vs_varint_size(cases[i].value), cases[i].size);
	}
}

static void test_messages_come_whole_however_they_are_cut(void **state)
{
	static const uint8_t two[] = { 3, 'a', 'b', 'c', 0, 1, 'd' };

	for (size_t piece = 1; piece <= sizeof(two); piece++) {
		struct vs_reader reader = { 0 };
		size_t last = 99;

		/* A message of no bytes is one too. */
		assert_int_equal(feed(&reader, two, sizeof(two), piece, &last), 3);
		assert_int_equal(last, 1);
		vs_reader_destroy(&reader);
	}
}

static void test_a_cut_off_message_is_not_given(void **state)
{
	static const uint8_t cut[] = { 5, 'a', 'b' };
	struct vs_reader reader = { 0 };
	size_t size;

	assert_int_equal(feed(&reader, cut, sizeof(cut), 1, &size), 0);
	vs_reader_destroy(&reader);
}

static void test_the_limit_is_one_mebibyte_exactly(void **state)
{
	size_t size = VS_MESSAGE_MAX;
	uint8_t head[VS_VARINT_MAX];
	uint8_t *body = vs_xcalloc(size, 1);
	struct vs_reader reader = { 0 };
	size_t n = vs_varint_write(head, size), last;

	assert_int_equal(feed(&reader, head, n, 1, &last), 0);
	assert_int_equal(feed(&reader, body, size, 4096, &last), 1);
	assert_int_equal(last, size);
	n = vs_varint_write(head, size + 1);
	assert_int_equal(feed(&reader, head, n, 1, &last), -EMSGSIZE);
	vs_reader_destroy(&reader);
	free(body);
}

static void test_an_announced_size_takes_no_memory(void **state)
{
	struct vs_reader reader = { 0 };
	uint8_t head[VS_VARINT_MAX];
	size_t n = vs_varint_write(head, VS_MESSAGE_MAX), last;

	assert_int_equal(feed(&reader, head, n, n, &last), 0);
	assert_true(reader.room < 4096);
	vs_reader_destroy(&reader);
}

static void test_garbage_is_no_length(void **state)
{
	static const uint8_t endless[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct vs_reader reader = { 0 };
	size_t last;

	assert_int_equal(feed(&reader, endless, sizeof(endless), 1, &last), -EPROTO);
	vs_reader_destroy(&reader);
	reader = (struct vs_reader){ 0 };
	assert_int_equal(feed(&reader, (const uint8_t *)"Last login: Sun\r\n\xff\xff\xff\xff\x01", 22, 22, &last), 0);
	vs_reader_destroy(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varint_has_seven_bits_a_byte),
		cmocka_unit_test(test_messages_come_whole_however_they_are_cut),
		cmocka_unit_test(test_a_cut_off_message_is_not_given),
		cmocka_unit_test(test_the_limit_is_one_mebibyte_exactly),
		cmocka_unit_test(test_an_announced_size_takes_no_memory),
		cmocka_unit_test(test_garbage_is_no_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
