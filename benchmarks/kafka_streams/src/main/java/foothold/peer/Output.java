package foothold.peer;

/** A record of an output topic; the partition is the tenant's whatever the key. */
record Output(String topic, byte[] tenant, byte[] json) {}
