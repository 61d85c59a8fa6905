/* SPDX-License-Identifier: MIT */
/*
 * What a kprobe event is to fetch, in a small language of ours, translated to what tracefs takes. Offsets come from the
 * board's BTF, so it is as portable as CO-RE; the kernel's own BTF arguments ("va->va.addr") cannot step from a member
 * to what contains it, which krefs and base classes need.
 *
 *   $1 .. $8, $ret     an argument (also at the return of a function: as it was at the entry), the result
 *   <struct.member     from the address of a member to that of the struct around it
 *   >struct.member     from the address of a struct to that of a member
 *   :struct.member     read that member
 *   +N                 N bytes further, before the next read
 *   @N                 read N bytes there
 *   #N                 only the low N bytes of an argument
 *
 * "$1<drm_gem_object.refcount:drm_gem_object.size" is the size of the object whose kref is the first argument.
 */
#ifndef VS_TRACE_KPROBE_FETCH_H
#define VS_TRACE_KPROBE_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/btf.h"

struct vs_fetch {
	char text[200]; /* "+16(+8($arg1)):x64" */
	int64_t bias;   /* to be added to the value */
};

/* A member's place: offset and size in bytes, 0, or -ENOENT. The form that tests replace. */
typedef int (*vs_member_fn)(void *data, const char *structure, const char *member, uint32_t *ret_offset, uint32_t *ret_size);

/* Translates; is_text for a string, which is read where the expression ends. 0, -EINVAL, or -ENOENT for what BTF does not have. */
int vs_fetch_compile(const char *expression, bool is_text, vs_member_fn member, void *data, struct vs_fetch *ret);

/* A member by path ("gem.obj"), through structs and unions without a name too; data is a struct vs_fetch_btf. */
struct vs_fetch_btf {
	struct vs_btf *btf;
	const char *module;
};
int vs_fetch_member(void *data, const char *structure, const char *member, uint32_t *ret_offset, uint32_t *ret_size);

#endif
