#!/bin/sh
# One click from the shell: JSON to framed Avro with `freshet schemas encode`, to Kafka with kcat (Debian package kcat).
#   KAFKA_BROKERS=127.0.0.1:19092 sh examples/producers/kcat.sh
# The address of the registry and the topics' prefix are Freshet's settings: FRESHET_REGISTRY_URL, FRESHET_TOPIC_PREFIX.
set -eu

event=$(mktemp)
trap 'rm -f "$event"' EXIT
id=$(cat /proc/sys/kernel/random/uuid)
at=$(date +%s%3N)

printf '{"topic":"clicks","key":"visitor-7","value":{"eventId":"%s","visitorId":"visitor-7","at":%s,"kind":"view","itemId":"22423"}}' \
  "$id" "$at" | ${FRESHET:-npx freshet} schemas encode >"$event"

# A file named after the options is one record, whatever bytes it holds. librdkafka's own default partitioner is not Java's.
kcat -P -b "$KAFKA_BROKERS" -t "${FRESHET_TOPIC_PREFIX:-}clicks" -k visitor-7 -X partitioner=murmur2_random -X acks=all "$event"
