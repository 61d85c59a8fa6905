#!/bin/sh
# golden.sh make|check GOLDEN_MAKE PROTOC PROTO_ROOT FOLDER
# make: writes every fixture, NAME.bin (one length-delimited Frame) and NAME.txtpb (the same as text).
# check: the text of every fixture is what protoc reads from its bytes.
set -eu
what=$1 golden_make=$2 protoc=$3 proto=$4 folder=$5

# The bytes of a fixture without the length before them.
message() {
	"$golden_make" --message "$1"
}

text() {
	message "$1" | "$protoc" --proto_path="$proto" --decode=vascope.v1.Frame vascope/v1/frame.proto
}

if [ "$what" = make ]; then
	mkdir -p "$folder"
	"$golden_make" "$folder"
	for bin in "$folder"/*.bin; do
		text "$bin" >"${bin%.bin}.txtpb"
	done
	exit
fi
found=0
for bin in "$folder"/*.bin; do
	text "$bin" | diff -u "${bin%.bin}.txtpb" -
	found=$((found + 1))
done
[ "$found" -ge 9 ] || { echo "only $found fixtures in $folder" >&2; exit 1; }
