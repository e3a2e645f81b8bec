package foothold.peer;

/** 64-bit hashes of short texts. */
final class Hash {
  private Hash() {}

  static long mix(long a, long b) {
    long x = (a ^ b * 0x9E3779B97F4A7C15L) + 0x632BE59BD9B4E019L;
    x = (x ^ x >>> 30) * 0xBF58476D1CE4E5B9L;
    x = (x ^ x >>> 27) * 0x94D049BB133111EBL;
    return x ^ x >>> 31;
  }

  /** Never 0. */
  static long of(String text) {
    long hash = 0;
    for (int i = 0; i < text.length(); ++i) {
      hash = hash * 0x100000001B3L + text.charAt(i);
    }
    hash = mix(hash, text.length());
    return hash == 0 ? 1 : hash;
  }
}
