/* SPDX-License-Identifier: MIT */
#include "trace/kprobe_fetch.h"

#include <errno.h>

#include <bpf/btf.h>

#include "util.h"

/* What is being put together: text[0..] around it, and what the next read adds to its offset. */
struct vs_fetching {
	char text[160];
	int64_t offset;
	unsigned int size; /* of the last read or argument */
	bool address;      /* nothing was read since the offset changed */
};

static int vs_fetching_read(struct vs_fetching *f, int64_t offset, unsigned int size)
{
	char inner[sizeof(f->text)];

	memcpy(inner, f->text, sizeof(inner));
	/* Pointers and everything of an odd size: the first 8 bytes. */
	f->size = size == 1 || size == 2 || size == 4 ? size : 8;
	if ((size_t)snprintf(f->text, sizeof(f->text), "%+lld(%.130s)", (long long)(f->offset + offset), inner) >=
	    sizeof(f->text))
		return -E2BIG;
	f->offset = 0;
	return 0;
}

/* One "struct.member" at *at, which is moved behind it. */
static int vs_fetch_place(const char **at, vs_member_fn member, void *data, uint32_t *ret_offset, uint32_t *ret_size)
{
	char structure[48], path[96];
	int n = 0;

	if (sscanf(*at, "%47[a-z0-9_].%95[a-z0-9_.]%n", structure, path, &n) != 2)
		return -EINVAL;
	*at += n;
	return member(data, structure, path, ret_offset, ret_size);
}

static int vs_fetch_base(const char **at, struct vs_fetching *f)
{
	unsigned int argument;
	int n = 0;

	*f = (struct vs_fetching){ .size = 8 };
	if (!strncmp(*at, "$ret", 4)) {
		snprintf(f->text, sizeof(f->text), "$retval");
		*at += 4;
		return 0;
	}
	if (sscanf(*at, "$%u%n", &argument, &n) != 1 || argument < 1 || argument > 8)
		return -EINVAL;
	snprintf(f->text, sizeof(f->text), "$arg%u", argument);
	*at += n;
	return 0;
}

int vs_fetch_compile(const char *expression, bool is_text, vs_member_fn member, void *data, struct vs_fetch *ret)
{
	const char *at = expression;
	struct vs_fetching f;
	int r = vs_fetch_base(&at, &f);

	while (!r && *at) {
		uint32_t offset = 0, size = 0;
		char step = *at++;

		if (step == '+' || step == '@' || step == '#') {
			size = (uint32_t)strtoul(at, (char **)&at, 10);
			if (step == '+')
				f.offset += size;
			else if (step == '@')
				r = vs_fetching_read(&f, 0, size);
			else
				f.size = size;
			continue;
		}
		r = step == '<' || step == '>' || step == ':' ? vs_fetch_place(&at, member, data, &offset, &size) : -EINVAL;
		if (!r && step == ':')
			r = vs_fetching_read(&f, offset, size);
		else if (!r)
			f.offset += step == '<' ? -(int64_t)offset : (int64_t)offset;
	}
	if (r)
		return r;
	if (is_text) {
		snprintf(ret->text, sizeof(ret->text), "%+lld(%s):string", (long long)f.offset, f.text);
		ret->bias = 0;
	} else {
		snprintf(ret->text, sizeof(ret->text), "%s:x%u", f.text, f.size * 8);
		ret->bias = f.offset;
	}
	return 0;
}

/* A struct that one of these modules describes, or the kernel image, which the BTF of every module builds on. */
static const struct btf_type *vs_fetch_struct(const struct vs_fetch_btf *fetch, const char *name, const struct btf **ret_btf)
{
	const char *const modules[] = { fetch->module, "msm", "drm" };

	for (size_t m = 0; m < VS_ARRAY_SIZE(modules); m++) {
		const struct btf *btf = fetch->btf->vmlinux;
		int id;

		vs_btf_has_module(fetch->btf, modules[m]); /* loads it */
		for (size_t i = 0; i < fetch->btf->n_modules; i++)
			if (!strcmp(fetch->btf->modules[i].name, modules[m]) && fetch->btf->modules[i].btf)
				btf = fetch->btf->modules[i].btf;
		id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT) : -ENOENT;
		*ret_btf = btf;
		if (id >= 0)
			return btf__type_by_id(btf, (uint32_t)id);
	}
	return NULL;
}

/* Behind typedefs, const and the like. */
static const struct btf_type *vs_fetch_plain(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (btf_is_mod(type) || btf_is_typedef(type))
		type = btf__type_by_id(btf, type->type);
	return type;
}

/* Looks for the first name of path in a struct; adds its place to *offset. NULL where it is not. */
static const struct btf_type *vs_fetch_step(const struct btf *btf, const struct btf_type *type, const char *name, size_t n,
					    uint32_t *offset)
{
	const struct btf_member *m = btf_members(type);

	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const char *found = btf__name_by_offset(btf, m[i].name_off);
		const struct btf_type *inner = vs_fetch_plain(btf, m[i].type);
		uint32_t at = *offset + btf_member_bit_offset(type, i) / 8;

		if (*found && strlen(found) == n && !strncmp(found, name, n)) {
			*offset = at;
			return inner;
		}
		if (!*found && btf_is_composite(inner)) {
			const struct btf_type *deep = vs_fetch_step(btf, inner, name, n, &at);

			if (deep) {
				*offset = at;
				return deep;
			}
		}
	}
	return NULL;
}

int vs_fetch_member(void *data, const char *structure, const char *member, uint32_t *ret_offset, uint32_t *ret_size)
{
	const struct btf *btf;
	const struct btf_type *type = vs_fetch_struct(data, structure, &btf);
	uint32_t offset = 0;

	while (type && *member) {
		size_t n = strcspn(member, ".");

		type = btf_is_composite(type) ? vs_fetch_step(btf, type, member, n, &offset) : NULL;
		member += n + (member[n] == '.');
	}
	if (!type)
		return -ENOENT;
	*ret_offset = offset;
	*ret_size = btf_is_ptr(type) || btf_is_array(type) ? 8 : type->size;
	return 0;
}
