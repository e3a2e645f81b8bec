package foothold.peer;

/** What a run of the job is told. `historyBegin` is when our history of the source begins. */
record PeerOptions(
    String application,
    String brokers,
    String topic,
    String outputPrefix,
    String stateFolder,
    int sourcePartitions,
    int threads,
    long commitIntervalMs,
    boolean isActivityKept,
    long historyBegin) {
  static final int JOURNEY_PARTITIONS = 8;
  static final int OUTPUT_PARTITIONS = 4;
  static final String REPARTITION = "by-tenant";

  String topic(String name) {
    return outputPrefix.isEmpty() ? name : outputPrefix + name;
  }

  String repartitionTopic() {
    return application + "-" + REPARTITION + "-repartition";
  }
}
