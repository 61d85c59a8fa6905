/* SPDX-License-Identifier: MIT */
#include "board/facts.h"

#include <elf.h>
#include <sys/utsname.h>

#include "util.h"

/* Modules whose code decides what is seen. Those that are built in or absent are left out. */
static const char *const modules[] = { "msm",  "drm",	    "drm_gpuvm",	"drm_exec",
				       "gpu_sched", "drm_kms_helper", "drm_display_helper" };

static size_t vs_file_read(const char *path, void *data, size_t room)
{
	_vs_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, data, room);

	return n < 0 ? 0 : (size_t)n;
}

void vs_notes_build_id(const uint8_t *notes, size_t size, char *ret_hex, size_t hex_size)
{
	size_t at = 0;

	ret_hex[0] = 0;
	while (at + sizeof(Elf64_Nhdr) <= size) {
		Elf64_Nhdr head;
		size_t name, data;

		memcpy(&head, notes + at, sizeof(head));
		name = at + sizeof(head);
		data = name + (((size_t)head.n_namesz + 3) & ~(size_t)3);
		if (data > size || head.n_descsz > size - data)
			return;
		if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && !memcmp(notes + name, "GNU", 4) &&
		    (size_t)head.n_descsz * 2 < hex_size) {
			for (size_t i = 0; i < head.n_descsz; i++)
				snprintf(ret_hex + 2 * i, 3, "%02x", notes[data + i]);
			return;
		}
		at = data + (((size_t)head.n_descsz + 3) & ~(size_t)3);
	}
}

static void vs_build_id_read(const char *path, char *ret_hex, size_t hex_size)
{
	uint8_t notes[4096];

	vs_notes_build_id(notes, vs_file_read(path, notes, sizeof(notes)), ret_hex, hex_size);
}

static void vs_line_read(const char *path, char *ret, size_t room)
{
	ret[vs_file_read(path, ret, room - 1)] = 0;
	ret[strcspn(ret, "\n")] = 0;
}

static void vs_model_read(char *ret, size_t room)
{
	vs_line_read("/proc/device-tree/model", ret, room);
	if (!ret[0])
		vs_line_read("/sys/class/dmi/id/product_name", ret, room);
}

void vs_facts_read(struct vs_facts *facts)
{
	struct utsname name;

	*facts = (struct vs_facts){ .page_size = (uint32_t)sysconf(_SC_PAGESIZE) };
	uname(&name);
	snprintf(facts->release, sizeof(facts->release), "%s", name.release);
	snprintf(facts->version, sizeof(facts->version), "%s", name.version);
	snprintf(facts->machine, sizeof(facts->machine), "%s", name.machine);
	vs_model_read(facts->model, sizeof(facts->model));
	vs_build_id_read("/sys/kernel/notes", facts->build_id, sizeof(facts->build_id));
	for (size_t i = 0; i < VS_ARRAY_SIZE(modules); i++) {
		_vs_free_ char *folder = vs_xprintf("/sys/module/%s", modules[i]);
		_vs_free_ char *notes = vs_xprintf("%s/notes/.note.gnu.build-id", folder);
		_vs_free_ char *version = vs_xprintf("%s/version", folder);

		if (access(folder, F_OK))
			continue;
		snprintf(facts->modules[facts->n_modules].name, sizeof(facts->modules->name), "%s", modules[i]);
		vs_build_id_read(notes, facts->modules[facts->n_modules].build_id, sizeof(facts->modules->build_id));
		vs_line_read(version, facts->modules[facts->n_modules].version, sizeof(facts->modules->version));
		facts->n_modules++;
	}
}
