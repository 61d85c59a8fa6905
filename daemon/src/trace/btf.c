/* SPDX-License-Identifier: MIT */
#include "trace/btf.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "util.h"

void vs_btf_init(struct vs_btf *btf)
{
	*btf = (struct vs_btf){ .vmlinux = btf__load_vmlinux_btf() };
	if (!btf->vmlinux)
		btf->error = -errno;
	vs_symbols_init(&btf->symbols);
}

void vs_btf_destroy(struct vs_btf *btf)
{
	for (size_t i = 0; i < btf->n_modules; i++) {
		btf__free(btf->modules[i].btf);
		if (btf->modules[i].fd >= 0)
			close(btf->modules[i].fd);
	}
	btf__free(btf->vmlinux);
	vs_symbols_destroy(&btf->symbols);
	*btf = (struct vs_btf){ 0 };
}

/* A descriptor of a module's BTF. The kernel has no look-up by name, and wants CAP_SYS_ADMIN for this. */
static int vs_btf_module_fd(const char *module)
{
	uint32_t id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		char name[64] = "";
		struct bpf_btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
		uint32_t size = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.kernel_btf && !strcmp(name, module))
			return fd;
		close(fd);
	}
	return -1;
}

struct vs_btf_module {
	struct btf *btf;
	int fd;
};

static struct vs_btf_module vs_btf_module(struct vs_btf *btf, const char *name)
{
	size_t i;

	for (i = 0; i < btf->n_modules && strcmp(btf->modules[i].name, name); i++)
		;
	if (!btf->vmlinux || i == VS_BTF_MODULES)
		return (struct vs_btf_module){ .fd = -1 };
	if (i == btf->n_modules) {
		snprintf(btf->modules[i].name, sizeof(btf->modules->name), "%s", name);
		btf->modules[i].btf = btf__load_module_btf(name, btf->vmlinux);
		btf->modules[i].fd = btf->modules[i].btf ? vs_btf_module_fd(name) : -1;
		btf->n_modules++;
	}
	return (struct vs_btf_module){ btf->modules[i].btf, btf->modules[i].fd };
}

/* Among the types from first on: those of a module come behind all of the kernel image's. */
static int vs_btf_scan(const struct btf *btf, uint32_t first, const char *name, uint32_t kind)
{
	uint32_t n = btf__type_cnt(btf);

	for (uint32_t id = first; id < n; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (btf_kind(type) == kind && !strcmp(btf__name_by_offset(btf, type->name_off), name))
			return (int)id;
	}
	return -ENOENT;
}

/* Type id of a name in the module or, when there is no such module, in the kernel image. */
static int vs_btf_find(struct vs_btf *btf, const char *module, const char *name, uint32_t kind,
		       const struct btf **ret_btf, int *ret_fd)
{
	struct vs_btf_module found = vs_btf_module(btf, module);

	*ret_btf = found.btf;
	*ret_fd = found.fd;
	if (found.btf)
		return vs_btf_scan(found.btf, btf__type_cnt(btf->vmlinux), name, kind);
	*ret_btf = btf->vmlinux;
	*ret_fd = 0;
	return btf->vmlinux ? vs_btf_scan(btf->vmlinux, 1, name, kind) : -ENOENT;
}

int vs_btf_function(struct vs_btf *btf, const char *module, const char *name, int *ret_fd)
{
	const struct btf *in;

	return vs_btf_find(btf, module, name, BTF_KIND_FUNC, &in, ret_fd);
}

bool vs_btf_has_symbol(struct vs_btf *btf, const char *module, const char *name)
{
	return vs_symbols_has(&btf->symbols, vs_btf_has_module(btf, module) ? module : NULL, name);
}

int vs_btf_tracepoint(struct vs_btf *btf, const char *module, const char *name, int *ret_fd)
{
	_vs_free_ char *type = vs_xprintf("btf_trace_%s", name);
	const struct btf *in;

	return vs_btf_find(btf, module, type, BTF_KIND_TYPEDEF, &in, ret_fd);
}

bool vs_btf_has_module(struct vs_btf *btf, const char *module)
{
	return vs_btf_module(btf, module).btf != NULL;
}

size_t vs_btf_enumerators(struct vs_btf *btf, const char *module, const char *name, struct vs_enumerator **ret)
{
	const struct btf *in;
	const struct btf_type *type;
	int fd, id = vs_btf_find(btf, module, name, BTF_KIND_ENUM, &in, &fd);

	if (id < 0)
		return 0;
	type = btf__type_by_id(in, (uint32_t)id);
	*ret = vs_xcalloc(btf_vlen(type), sizeof(**ret));
	for (size_t i = 0; i < btf_vlen(type); i++) {
		const struct btf_enum *e = &btf_enum(type)[i];

		(*ret)[i].name = vs_xstrdup(btf__name_by_offset(in, e->name_off));
		(*ret)[i].value = (uint32_t)e->val;
	}
	return btf_vlen(type);
}
