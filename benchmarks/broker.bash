# A broker for one run of a benchmark, sourced by the scripts that need one.
#
#   start_broker FOLDER LIB [PROPERTY=VALUE ...]   $brokers and $broker_pid; JAVA_OPTIONS are its own
#   stop_broker
#   topics ...                                     kafka-topics.sh
#   broker_cpu                                     CPU seconds so far
#
# FOLDER gets its files, LIB has the jars (tests/kafka/fetch).

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_broker() {
  broker_lib=$2
  local folder=$1 controller=
  brokers=127.0.0.1:$(free_port)
  controller=127.0.0.1:$(free_port)
  cat >"$folder/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://$brokers,CONTROLLER://$controller
advertised.listeners=PLAINTEXT://$brokers
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=$controller
log.dirs=$folder/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
PROPERTIES
  printf '%s\n' "${@:3}" >>"$folder/server.properties"
  kafka_tool kafka.tools.StorageTool format --standalone -t "$(head -c 16 /dev/urandom | basenc --base64url | tr -d =)" \
    -c "$folder/server.properties" >"$folder/format.log" 2>&1
  # shellcheck disable=SC2086  # Options are words.
  java ${JAVA_OPTIONS:--Xmx1g} -cp "$broker_lib/*" kafka.Kafka "$folder/server.properties" >"$folder/broker.log" 2>&1 &
  broker_pid=$!
  for _ in $(seq 60); do topics --list >/dev/null 2>&1 && return; sleep 1; done
  tail -5 "$folder/broker.log" >&2
  return 1
}

stop_broker() {
  [[ -n ${broker_pid:-} ]] || return 0
  kill "$broker_pid" 2>/dev/null || true
  wait "$broker_pid" 2>/dev/null || true
}

kafka_tool() { java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$broker_lib/*" "$@"; }
topics() { kafka_tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$brokers" "$@"; }
broker_cpu() { awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) / hz}' "/proc/$broker_pid/stat"; }
