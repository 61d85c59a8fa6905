/* SPDX-License-Identifier: MIT */
/* golden-make FOLDER writes every fixture there; golden-make --message FILE gives one without its length. */
#include "golden.h"
#include "util.h"
#include "wire/frame.h"

static int write_all(const char *folder)
{
	for (size_t i = 0; i < vs_n_goldens; i++) {
		_vs_free_ char *path = vs_xprintf("%s/%s.bin", folder, vs_goldens[i].name);
		uint8_t head[VS_VARINT_MAX];
		size_t size;
		_vs_free_ uint8_t *data = vs_goldens[i].make(&size);
		size_t n = vs_varint_write(head, size);
		FILE *file = fopen(path, "wb");

		if (!file || fwrite(head, n, 1, file) != 1 || fwrite(data, size, 1, file) != 1 || fclose(file)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

static int print_message(const char *path)
{
	FILE *file = fopen(path, "rb");
	int c;

	if (!file) {
		perror(path);
		return 1;
	}
	do {
		c = getc(file);
	} while (c != EOF && c & 0x80);
	while ((c = getc(file)) != EOF)
		putchar(c);
	return fclose(file) ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--message"))
		return print_message(argv[2]);
	if (argc == 2)
		return write_all(argv[1]);
	fprintf(stderr, "usage: golden-make FOLDER | --message FILE\n");
	return 2;
}
