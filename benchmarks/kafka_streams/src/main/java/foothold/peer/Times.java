package foothold.peer;

import java.time.DateTimeException;
import java.time.OffsetDateTime;

/** RFC 3339 to milliseconds and back, by hand for the form that libraries send. */
final class Times {
  /** No time; earlier than any. */
  static final long NONE = Long.MIN_VALUE;

  static final long DAY = 24L * 3600 * 1000;
  private static final long YEAR_10000 = 253_402_300_800_000L;

  private Times() {}

  static long earlier(long a, long b) {
    return a == NONE || b == NONE ? Math.max(a, b) : Math.min(a, b);
  }

  /** Milliseconds since 1970, or NONE if the text is no time or one before 1970. */
  static long parse(char[] text, int offset, int length) {
    if (length == 24
        && text[offset + 23] == 'Z'
        && text[offset + 19] == '.'
        && text[offset + 10] == 'T') {
      int year = digits(text, offset, 4);
      int month = digits(text, offset + 5, 2);
      int day = digits(text, offset + 8, 2);
      int hour = digits(text, offset + 11, 2);
      int minute = digits(text, offset + 14, 2);
      int second = digits(text, offset + 17, 2);
      int milli = digits(text, offset + 20, 3);
      boolean isValid =
          (year | month - 1 | day - 1 | hour | minute | second | milli) >= 0
              && month <= 12
              && day <= 28
              && hour < 24
              && minute < 60
              && second < 60;
      if (isValid && year >= 1970) {
        return daysOf(year, month, day) * DAY
            + ((hour * 60L + minute) * 60 + second) * 1000
            + milli;
      }
    }
    return parseSlowly(new String(text, offset, length));
  }

  private static long parseSlowly(String text) {
    try {
      long at = OffsetDateTime.parse(text.replace(' ', 'T')).toInstant().toEpochMilli();
      return at >= 0 && at < YEAR_10000 ? at : NONE;
    } catch (DateTimeException e) {
      return NONE;
    }
  }

  private static int digits(char[] text, int offset, int count) {
    int value = 0;
    for (int i = offset; i < offset + count; ++i) {
      int digit = text[i] - '0';
      if (digit < 0 || digit > 9) {
        return Integer.MIN_VALUE;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  /** Days from 1970-01-01, of the Gregorian calendar; years begin in March. */
  private static long daysOf(int year, int month, int day) {
    long y = month <= 2 ? year - 1 : year;
    long era = y / 400;
    long yearOfEra = y - era * 400;
    long dayOfYear = (153L * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    long dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return era * 146_097 + dayOfEra - 719_468;
  }

  /** Writes 24 characters, "2026-01-05T00:00:01.141Z". */
  static void format(long at, char[] out) {
    long days = Math.floorDiv(at, DAY);
    int ms = (int) (at - days * DAY);
    long z = days + 719_468;
    long era = z / 146_097;
    long dayOfEra = z - era * 146_097;
    long yearOfEra =
        (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
    long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    int shifted = (int) ((5 * dayOfYear + 2) / 153);
    int day = (int) (dayOfYear - (153L * shifted + 2) / 5 + 1);
    int month = shifted < 10 ? shifted + 3 : shifted - 9;
    int year = (int) (yearOfEra + era * 400 + (month <= 2 ? 1 : 0));
    put(out, 0, year, 4);
    out[4] = '-';
    put(out, 5, month, 2);
    out[7] = '-';
    put(out, 8, day, 2);
    out[10] = 'T';
    put(out, 11, ms / 3_600_000, 2);
    out[13] = ':';
    put(out, 14, ms / 60_000 % 60, 2);
    out[16] = ':';
    put(out, 17, ms / 1000 % 60, 2);
    out[19] = '.';
    put(out, 20, ms % 1000, 3);
    out[23] = 'Z';
  }

  private static void put(char[] out, int offset, int value, int count) {
    int rest = value;
    for (int i = offset + count - 1; i >= offset; --i) {
      out[i] = (char) ('0' + rest % 10);
      rest /= 10;
    }
  }
}
