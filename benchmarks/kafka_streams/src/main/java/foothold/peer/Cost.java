package foothold.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the process has used so far, all threads together, compiler and collector included. */
final class Cost {
  private static final double TICKS_PER_SECOND = 100; // Linux tells in these whatever the kernel's.

  final double wallS;
  final double userS;
  final double sysS;

  private Cost(double wallS, double userS, double sysS) {
    this.wallS = wallS;
    this.userS = userS;
    this.sysS = sysS;
  }

  static Cost now() throws IOException {
    String stat = Files.readString(Path.of("/proc/self/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return new Cost(
        System.nanoTime() / 1e9,
        Long.parseLong(fields[11]) / TICKS_PER_SECOND,
        Long.parseLong(fields[12]) / TICKS_PER_SECOND);
  }

  double cpuS() {
    return userS + sysS;
  }

  /** The largest resident memory that the process has had. */
  static long peakMiB() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
      }
    }
    return 0;
  }
}
