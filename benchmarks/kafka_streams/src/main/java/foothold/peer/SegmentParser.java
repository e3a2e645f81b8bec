package foothold.peer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Segment track, page and screen calls to events, in one pass over the bytes. Not thread-safe. */
final class SegmentParser {
  enum Verdict {
    ACCEPTED,
    SKIPPED,
    UNPARSEABLE,
    BAD_TYPE,
    MISSING_TENANT,
    MISSING_EVENT,
    BAD_TIME
  }

  private static final long FUTURE_MAX = 5 * 60 * 1000;

  private final JsonFactory factory = new JsonFactoryBuilder().build();
  private final EventType.Finder finder = new EventType.Finder();

  private String kind;
  private String name;
  private String traitsRole;
  private String propertiesRole;
  private String inviteeRole;
  private String dashboard;
  private String invitee;
  private String inviteeEmail;
  private String contextTenant;
  private String propertiesTenant;
  private String user;
  private long timestamp;
  private long originalTimestamp;
  private long sentAt;
  private long receivedAt;
  private boolean hasTimestamp;

  Verdict parse(byte[] json, long brokerTime, Event event) {
    event.clear();
    kind = null;
    name = null;
    traitsRole = null;
    propertiesRole = null;
    inviteeRole = null;
    dashboard = null;
    invitee = null;
    inviteeEmail = null;
    contextTenant = null;
    propertiesTenant = null;
    user = null;
    timestamp = Times.NONE;
    originalTimestamp = Times.NONE;
    sentAt = Times.NONE;
    receivedAt = Times.NONE;
    hasTimestamp = false;
    try (JsonParser parser = factory.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return Verdict.BAD_TYPE;
      }
      readCall(parser, event);
      if (parser.nextToken() != null) {
        return Verdict.UNPARSEABLE;
      }
    } catch (IOException e) {
      return Verdict.UNPARSEABLE;
    }
    return fill(brokerTime, event);
  }

  private void readCall(JsonParser parser, Event event) throws IOException {
    for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
      JsonToken token = parser.nextToken();
      switch (field) {
        case "type" -> kind = text(parser, token);
        case "event", "name" -> name = text(parser, token);
        case "messageId" -> {
          String id = text(parser, token);
          if (id != null) {
            event.id = id.getBytes(StandardCharsets.UTF_8);
          }
        }
        case "userId" -> user = text(parser, token);
        case "timestamp" -> {
          hasTimestamp = token != JsonToken.VALUE_NULL;
          timestamp = time(parser, token);
        }
        case "originalTimestamp" -> originalTimestamp = time(parser, token);
        case "sentAt" -> sentAt = time(parser, token);
        case "receivedAt" -> receivedAt = time(parser, token);
        case "context" -> readContext(parser, token, event);
        case "properties" -> readProperties(parser, token, event);
        default -> parser.skipChildren();
      }
    }
  }

  private void readContext(JsonParser parser, JsonToken start, Event event) throws IOException {
    if (start != JsonToken.START_OBJECT) {
      return;
    }
    for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
      JsonToken token = parser.nextToken();
      if (field.equals("groupId")) {
        contextTenant = text(parser, token);
      } else if (field.equals("traits") && token == JsonToken.START_OBJECT) {
        for (String trait = parser.nextFieldName(); trait != null; trait = parser.nextFieldName()) {
          JsonToken value = parser.nextToken();
          event.fingerprint += hashOf(parser, trait, value);
          if (trait.equals("role")) {
            traitsRole = text(parser, value);
          } else {
            parser.skipChildren();
          }
        }
      } else {
        parser.skipChildren();
      }
    }
  }

  private void readProperties(JsonParser parser, JsonToken start, Event event) throws IOException {
    if (start != JsonToken.START_OBJECT) {
      return;
    }
    for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
      JsonToken token = parser.nextToken();
      event.fingerprint += hashOf(parser, field, token);
      switch (field) {
        case "role" -> propertiesRole = text(parser, token);
        case "inviteeRole" -> inviteeRole = text(parser, token);
        case "inviteeId", "inviteeUserId" -> invitee = text(parser, token);
        case "inviteeEmail", "email" -> inviteeEmail = text(parser, token);
        case "dashboardId" -> dashboard = text(parser, token);
        case "tenantId" -> propertiesTenant = text(parser, token);
        default -> parser.skipChildren();
      }
    }
  }

  private Verdict fill(long brokerTime, Event event) {
    if (kind == null) {
      return Verdict.BAD_TYPE;
    }
    boolean isTrack = kind.equals("track");
    if (!isTrack && !kind.equals("page") && !kind.equals("screen") || user == null) {
      return Verdict.SKIPPED;
    }
    String tenant = contextTenant != null ? contextTenant : propertiesTenant;
    if (tenant == null) {
      return Verdict.MISSING_TENANT;
    }
    if (isTrack && name == null) {
      return Verdict.MISSING_EVENT;
    }
    event.type = isTrack ? finder.find(name) : EventType.OTHER_ACCESS;
    event.at = eventTime(brokerTime);
    if (event.at == Times.NONE) {
      return Verdict.BAD_TIME;
    }
    event.tenant = tenant.getBytes(StandardCharsets.UTF_8);
    event.user = user.getBytes(StandardCharsets.UTF_8);
    event.fingerprint = Hash.mix(event.fingerprint, name == null ? 0 : name.hashCode());
    if (event.type == EventType.INVITED) {
      fillInvite(event);
    } else {
      String role = event.type.namesRole() && propertiesRole != null ? propertiesRole : traitsRole;
      event.role = role == null ? "" : Playbook.lowerRole(role);
    }
    if (event.type == EventType.DASHBOARD_VIEWED && dashboard != null) {
      event.value = Hash.of(dashboard);
    }
    return Verdict.ACCEPTED;
  }

  private void fillInvite(Event event) {
    String role = propertiesRole != null ? propertiesRole : inviteeRole;
    event.role = role == null ? "" : Playbook.lowerRole(role);
    String who = invitee;
    if (who == null && inviteeEmail != null) {
      who = "email:" + inviteeEmail.strip().toLowerCase(Locale.ROOT);
    }
    if (who != null) {
      event.invitee = who.getBytes(StandardCharsets.UTF_8);
      event.value = Hash.of(who);
    }
  }

  private long eventTime(long brokerTime) {
    long at;
    if (hasTimestamp) {
      at = timestamp;
    } else if (receivedAt != Times.NONE && sentAt != Times.NONE && originalTimestamp != Times.NONE) {
      at = receivedAt - (sentAt - originalTimestamp);
    } else {
      at = brokerTime;
    }
    long received = receivedAt != Times.NONE ? receivedAt : brokerTime;
    return at > received + FUTURE_MAX ? received : at;
  }

  private static String text(JsonParser parser, JsonToken token) throws IOException {
    if (token == JsonToken.VALUE_STRING || token == JsonToken.VALUE_NUMBER_INT) {
      String value = parser.getText();
      return value.isEmpty() ? null : value;
    }
    parser.skipChildren();
    return null;
  }

  private static long time(JsonParser parser, JsonToken token) throws IOException {
    if (token != JsonToken.VALUE_STRING) {
      parser.skipChildren();
      return Times.NONE;
    }
    return Times.parse(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
  }

  /** Of a member of an object; the sum of them does not depend on the order of keys. */
  private static long hashOf(JsonParser parser, String name, JsonToken token) throws IOException {
    if (!token.isScalarValue()) {
      return name.hashCode();
    }
    char[] text = parser.getTextCharacters();
    int end = parser.getTextOffset() + parser.getTextLength();
    long hash = name.hashCode();
    for (int i = parser.getTextOffset(); i < end; ++i) {
      hash = hash * 31 + text[i];
    }
    return Hash.mix(hash, token.id());
  }
}
