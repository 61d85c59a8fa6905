/* SPDX-License-Identifier: MIT */
#include "trace/debugfs.h"

#include <errno.h>
#include <stdbool.h>

#include "util.h"

/* A text of more than this is not what we think it is. */
#define VS_DEBUGFS_MAX (64u << 20)

struct vs_listed_va {
	uint64_t vm;
	uint64_t bo;
	uint64_t iova;
	uint64_t bo_size;
	bool mapped;
};

struct vs_listing {
	vs_debugfs_record_fn record;
	void *data;
	uint64_t bo; /* of the line before */
	uint64_t bo_size;
	uint64_t skipped;
	struct vs_listed_va *vas;
	size_t n_vas;
	uint64_t *vms; /* told already */
	size_t n_vms;
	uint64_t *bos; /* told already: what they look like, which several may share */
	size_t n_bos;
};

/* Numbers that stand for an object, as an address does elsewhere: never 0. */
static uint64_t vs_mix(uint64_t hash, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3ull;
	return hash ? hash : 1;
}

static uint64_t vs_mix_two(uint64_t a, uint64_t b)
{
	const uint64_t both[] = { a, b };

	return vs_mix(0xcbf29ce484222325ull, both, sizeof(both));
}

static void vs_listing_tell(struct vs_listing *listing, uint32_t kind, const char *text, const uint64_t *value, size_t n)
{
	struct vs_text_event out = { .event = { .time_ns = vs_now_ns(), .kind = kind } };

	if (n)
		memcpy(out.event.value, value, n * sizeof(*value));
	if (text)
		snprintf(out.text, sizeof(out.text), "%s", text);
	listing->record(listing->data, &out.event, text ? sizeof(out) : sizeof(out.event));
}

/* A number that no BO before it has: without an mmap offset several may look the same. They are counted. */
static uint64_t vs_listing_bo(struct vs_listing *listing, uint64_t identity)
{
	uint64_t alike = 0;

	for (size_t i = 0; i < listing->n_bos; i++)
		alike += listing->bos[i] == identity;
	listing->bos = vs_xrealloc(listing->bos, listing->n_bos + 1, sizeof(*listing->bos));
	listing->bos[listing->n_bos++] = identity;
	return alike ? vs_mix_two(identity, alike) : identity;
}

/* What comes before madv and name: "%08x: %c %2d (%2d) %08llx %p %08zu", then " %9s %-32s". */
static bool vs_listing_bo_line(struct vs_listing *listing, const char *line)
{
	unsigned int flags, n = 0;
	unsigned long long offset, size;
	int refcount;
	char name[64] = "", active;
	uint64_t identity;

	if (sscanf(line, " %8x: %c %*d (%d) %llx %*s %llu%n", &flags, &active, &refcount, &offset, &size, (int *)&n) != 5)
		return false;
	line += n;
	if (strlen(line) > 11) {
		bool purgeable = !strncmp(line + 1, " purgeable", 10);

		snprintf(name, sizeof(name), "%s", line + (purgeable ? 12 : 11));
		for (size_t end = strlen(name); end && name[end - 1] == ' '; end--)
			name[end - 1] = 0;
	}
	identity = vs_mix(vs_mix_two(offset, size), name, strlen(name));
	listing->bo = vs_listing_bo(listing, identity);
	listing->bo_size = size;
	vs_listing_tell(listing, VS_WALK_BO, name, (uint64_t[]){ listing->bo, size, flags, (uint64_t)refcount }, 4);
	return true;
}

static void vs_listing_vm(struct vs_listing *listing, uint64_t vm, const char *name)
{
	for (size_t i = 0; i < listing->n_vms; i++)
		if (listing->vms[i] == vm)
			return;
	listing->vms = vs_xrealloc(listing->vms, listing->n_vms + 1, sizeof(*listing->vms));
	listing->vms[listing->n_vms++] = vm;
	vs_listing_tell(listing, VS_WALK_VM, name, (uint64_t[]){ vm }, 1);
}

/* " [name:comm: vm=%p, %08llx, mapped] ..."; name and comm may have anything in them. */
static void vs_listing_vma_line(struct vs_listing *listing, const char *line)
{
	for (const char *open = strchr(line, '['); open; open = strchr(open, '[')) {
		const char *at = strstr(open, ": vm=");
		unsigned long long vm, iova;
		char name[VS_TEXT], mapped[12] = "";
		struct vs_listed_va *va;
		int n = 0;

		if (!at || sscanf(at, ": vm=%llx, %llx, %11[a-z]]%n", &vm, &iova, mapped, &n) != 3 || !n)
			return;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(open + 1, ":"), open + 1);
		vs_listing_vm(listing, vm, name);
		/* The kernel lists by vm_bo: mappings of one BO in one VM follow each other. */
		if (!listing->n_vas || listing->vas[listing->n_vas - 1].vm != vm ||
		    listing->vas[listing->n_vas - 1].bo != listing->bo)
			vs_listing_tell(listing, VS_WALK_VM_BO, NULL,
					(uint64_t[]){ vs_mix_two(vm, listing->bo), vm, listing->bo, 0 }, 4);
		listing->vas = vs_xrealloc(listing->vas, listing->n_vas + 1, sizeof(*listing->vas));
		va = &listing->vas[listing->n_vas++];
		*va = (struct vs_listed_va){ vm, listing->bo, iova, listing->bo_size, mapped[0] == 'm' };
		open = at + n;
	}
}

static int vs_va_order(const void *a, const void *b)
{
	const struct vs_listed_va *x = a, *y = b;

	if (x->vm != y->vm)
		return x->vm < y->vm ? -1 : 1;
	return x->iova < y->iova ? -1 : x->iova > y->iova;
}

static void vs_listing_vas(struct vs_listing *listing)
{
	if (listing->n_vas)
		qsort(listing->vas, listing->n_vas, sizeof(*listing->vas), vs_va_order);
	for (size_t i = 0; i < listing->n_vas; i++) {
		const struct vs_listed_va *va = &listing->vas[i];
		uint64_t range = va->bo_size;

		if (i + 1 < listing->n_vas && va[1].vm == va->vm && va[1].iova - va->iova < range)
			range = va[1].iova - va->iova;
		vs_listing_tell(listing, VS_WALK_VA, NULL,
				(uint64_t[]){ vs_mix_two(va->vm, va->iova), va->vm, vs_mix_two(va->vm, va->bo), va->bo,
					      va->iova, range, 0, va->mapped ? VS_VA_MAPPED_BIT : 0 },
				8);
	}
}

void vs_debugfs_parse(const char *text, vs_debugfs_record_fn record, void *data)
{
	struct vs_listing listing = { .record = record, .data = data };
	char *copy = vs_xstrdup(text), *save = NULL;

	vs_listing_tell(&listing, VS_WALK_BEGIN, NULL, NULL, 0);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t spaces = strspn(line, " ");

		if (!strncmp(line, "      vmas:", 11) && listing.bo) {
			vs_listing_vma_line(&listing, line + 11);
			continue;
		}
		/* Three spaces for each BO; one that was locked has nothing behind them. */
		if (vs_listing_bo_line(&listing, line))
			listing.skipped += spaces / 3 - 1;
		else if (!strncmp(line + spaces, "Total:", 6))
			listing.skipped += spaces / 3;
	}
	vs_listing_vas(&listing);
	vs_listing_tell(&listing, VS_WALK_END, NULL, (uint64_t[]){ listing.skipped }, 1);
	free(copy);
	free(listing.vas);
	free(listing.vms);
	free(listing.bos);
}

int vs_debugfs_walk(int fd, vs_debugfs_record_fn record, void *data)
{
	_vs_free_ char *text = NULL;
	size_t size = 0, room = 0;
	ssize_t n;

	/* From the start again: the kernel makes its text anew for offset 0. */
	do {
		if (size + 1 >= room) {
			room = room * 2 + 65536;
			text = vs_xrealloc(text, room, 1);
		}
		n = pread(fd, text + size, room - size - 1, (off_t)size);
		if (n < 0)
			return -errno;
		size += (size_t)n;
	} while (n && size < VS_DEBUGFS_MAX);
	text[size] = 0;
	vs_debugfs_parse(text, record, data);
	return 0;
}
