export { dataTypes, type DataType } from "./data-type.ts";
export {
  decodePayload,
  encodePayload,
  type MetricValue,
  type PropertyValue,
  type SparkplugMetric,
  type SparkplugPayload,
} from "./payload.ts";
export { toMetricValue } from "./metric-value.ts";
