// SPDX-License-Identifier: MIT
/* The GEM handles of this process. See handles.h. */
#include "drm/handles.h"

#include <stdlib.h>

#include "util.h"

/* Handles are small numbers, given from 1 on, and so are descriptors. */
static struct file {
	uint64_t *size; /* by handle */
	uint32_t n;
} *files;
static int n_files;

void vs_handle_add(int fd, uint32_t handle, uint64_t size)
{
	struct file *file;

	if (fd >= n_files) {
		files = vs_xrealloc(files, fd + 1, sizeof(*files));
		memset(files + n_files, 0, (fd + 1 - n_files) * sizeof(*files));
		n_files = fd + 1;
	}
	file = &files[fd];
	if (handle >= file->n) {
		uint32_t n = 2 * handle + 16;

		file->size = vs_xrealloc(file->size, n, sizeof(*file->size));
		memset(file->size + file->n, 0, (n - file->n) * sizeof(*file->size));
		file->n = n;
	}
	file->size[handle] = size;
}

void vs_handle_remove(int fd, uint32_t handle)
{
	if (vs_handle_size(fd, handle))
		files[fd].size[handle] = 0;
}

void vs_handles_forget(int fd)
{
	if (fd < 0 || fd >= n_files)
		return;
	free(files[fd].size);
	files[fd] = (struct file){ 0 };
}

uint64_t vs_handle_size(int fd, uint32_t handle)
{
	return fd >= 0 && fd < n_files && handle < files[fd].n ? files[fd].size[handle] : 0;
}
