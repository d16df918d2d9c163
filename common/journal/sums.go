package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// rowSum is the CRC-32C of a row's columns. SQLite has no sums of its own: a
// flipped bit in a stored id or state would be believed.
func rowSum(columns ...[]byte) int64 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := uint32(0)
	for _, c := range columns {
		sum = crc32.Update(sum, table, binary.BigEndian.AppendUint64(nil, uint64(len(c))))
		sum = crc32.Update(sum, table, c)
	}
	return int64(sum)
}

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func factSum(uuid []byte, f *fact) int64 {
	return rowSum(uuid, number(f.seq), f.substance, number(int64(f.strength)))
}

func seenSum(source, key string, value []byte) int64 {
	return rowSum([]byte(source), []byte(key), value)
}

func positionSum(source string, value []byte) int64 { return rowSum([]byte(source), value) }

// checkSum compares a row with its sum, if it has one.
func checkSum(stored *int64, computed int64, format string, args ...any) error {
	if stored == nil || *stored == computed {
		return nil
	}
	return fmt.Errorf("%w: %s is not as it was written; %s", ErrCorrupt, fmt.Sprintf(format, args...), adviceCorrupt)
}
