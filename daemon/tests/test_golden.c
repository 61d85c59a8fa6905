/* SPDX-License-Identifier: MIT */
#include "vs_test.h"

#include "golden.h"
#include "trace/event.h"
#include "util.h"
#include "vascope/v1/frame.pb-c.h"
#include "wire/frame.h"

static size_t read_fixture(const char *name, uint8_t *bytes, size_t room)
{
	_vs_free_ char *path = vs_xprintf("%s/%s.bin", VS_GOLDEN_DIR, name);
	_vs_close_ int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, bytes, room);

	if (n <= 0)
		fail_msg("%s cannot be read", path);
	return (size_t)n;
}

static void test_fixtures_are_what_the_daemon_writes(void **state)
{
	static uint8_t file[VS_MESSAGE_MAX];

	for (size_t i = 0; i < vs_n_goldens; i++) {
		size_t made_size, message_size, size = read_fixture(vs_goldens[i].name, file, sizeof(file));
		_vs_free_ uint8_t *made = vs_goldens[i].make(&made_size);
		struct vs_reader reader = { 0 };
		const uint8_t *message;

		assert_int_equal(vs_reader_push(&reader, file, size, &message, &message_size), size);
		assert_non_null(message);
		if (message_size != made_size || memcmp(message, made, made_size))
			fail_msg("%s differs: ninja golden, when the change is meant", vs_goldens[i].name);
		vs_reader_destroy(&reader);
	}
}

static void test_fixtures_decode_and_encode_to_the_same_bytes(void **state)
{
	static uint8_t file[VS_MESSAGE_MAX], again[VS_MESSAGE_MAX];

	for (size_t i = 0; i < vs_n_goldens; i++) {
		size_t size = read_fixture(vs_goldens[i].name, file, sizeof(file)), head = 1;
		Vascope__V1__Frame *frame;

		while (file[head - 1] & 0x80)
			head++;
		frame = vascope__v1__frame__unpack(NULL, size - head, file + head);
		assert_non_null(frame);
		assert_int_equal(vascope__v1__frame__pack(frame, again), size - head);
		assert_memory_equal(again, file + head, size - head);
		vascope__v1__frame__free_unpacked(frame, NULL);
	}
}

static void test_the_golden_batch_has_most_kinds(void **state)
{
	static uint8_t file[VS_MESSAGE_MAX];
	size_t size = read_fixture("events", file, sizeof(file)), head = 1, kinds = 0;
	bool seen[VS_KIND_COUNT] = { false };
	Vascope__V1__Frame *frame;

	while (file[head - 1] & 0x80)
		head++;
	frame = vascope__v1__frame__unpack(NULL, size - head, file + head);
	assert_non_null(frame);
	for (size_t i = 0; i < frame->events->n_kind; i++) {
		kinds += !seen[frame->events->kind[i]];
		seen[frame->events->kind[i]] = true;
	}
	assert_true(kinds >= 50);
	vascope__v1__frame__free_unpacked(frame, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixtures_are_what_the_daemon_writes),
		cmocka_unit_test(test_fixtures_decode_and_encode_to_the_same_bytes),
		cmocka_unit_test(test_the_golden_batch_has_most_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
