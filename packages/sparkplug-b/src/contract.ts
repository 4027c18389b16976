/**
 * The payload of Sparkplug B, written down from the field numbers in chapter 6 of the Eclipse Sparkplug specification
 * 3.0.0. Checked against bytes that another implementation wrote (`../cases`).
 *
 * What nobody here looks into is left as the bytes it is: data sets, templates and nested property sets. On the wire a
 * message and a byte string are the same, so nothing is lost by it, and bytes from outside cannot nest without end.
 *
 * A text of the program rather than a file beside it, so that it is found in a bundle too.
 */
export const contract: string = `
syntax = "proto2";

package millwright.sparkplug;

message Payload {
  optional uint64 timestamp = 1; // ms since 1970 UTC: when it was sent
  repeated Metric metrics = 2;
  optional uint64 seq = 3; // 0 to 255
  optional string uuid = 4;
  optional bytes body = 5;
}

message Metric {
  optional string name = 1;
  optional uint64 alias = 2;
  optional uint64 timestamp = 3; // ms since 1970 UTC: when it was measured
  optional uint32 datatype = 4;
  optional bool is_historical = 5;
  optional bool is_transient = 6;
  optional bool is_null = 7;
  optional bytes metadata = 8;
  optional PropertySet properties = 9;
  oneof value {
    uint32 int_value = 10;
    uint64 long_value = 11;
    float float_value = 12;
    double double_value = 13;
    bool boolean_value = 14;
    string string_value = 15;
    bytes bytes_value = 16;
    bytes dataset_value = 17;
    bytes template_value = 18;
    bytes extension_value = 19;
  }
}

// The key at an index belongs to the value at the same index.
message PropertySet {
  repeated string keys = 1;
  repeated PropertyValue values = 2;
}

message PropertyValue {
  optional uint32 type = 1;
  optional bool is_null = 2;
  oneof value {
    uint32 int_value = 3;
    uint64 long_value = 4;
    float float_value = 5;
    double double_value = 6;
    bool boolean_value = 7;
    string string_value = 8;
    bytes propertyset_value = 9;
    bytes propertysets_value = 10;
    bytes extension_value = 11;
  }
}
`;
