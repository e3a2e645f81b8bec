package foothold.peer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing buffer for the binary forms of events and state. Reused; not thread-safe. */
final class ByteWriter {
  private byte[] bytes = new byte[512];
  private int size;

  ByteWriter clear() {
    size = 0;
    return this;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  private void reserve(int more) {
    if (size + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
    }
  }

  void put(int value) {
    reserve(1);
    bytes[size++] = (byte) value;
  }

  void putLong(long value) {
    reserve(8);
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes[size++] = (byte) (value >>> shift);
    }
  }

  /** A non-negative number in base 128, lowest first. */
  void putVar(long value) {
    reserve(10);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      bytes[size++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[size++] = (byte) rest;
  }

  void putRaw(byte[] from, int offset, int length) {
    reserve(length);
    System.arraycopy(from, offset, bytes, size, length);
    size += length;
  }

  void putBytes(byte[] value) {
    putVar(value.length);
    putRaw(value, 0, value.length);
  }

  void putText(String value) {
    putBytes(value.getBytes(StandardCharsets.UTF_8));
  }

  /** A role: a byte if the playbook has it, else its name. */
  void putRole(String role) {
    int code = Playbook.roleCode(role);
    put(code);
    if (code == Playbook.OTHER_ROLE) {
      putText(role);
    }
  }
}
