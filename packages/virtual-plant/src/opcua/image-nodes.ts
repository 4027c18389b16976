import {
  DataType,
  DataValue,
  StatusCodes,
  type StatusCode,
  Variant,
  VariantArrayType,
  type AddressSpace,
  type Namespace,
  type UAObject,
  type UAVariable,
} from "node-opcua";
import type { PlantValue, PointSpec } from "../machine.ts";
import { imageStatus, type ProcessImage } from "../process-image.ts";
import { addConditions } from "./conditions.ts";
import { objectName } from "./names.ts";
import { RingHistorian } from "./ring-historian.ts";
import { engineeringUnits } from "./units.ts";
import { dataTypeOf, fromVariant, toVariant } from "./variants.ts";

/** What the nodes of a machine need from the plant. */
export interface NodeEvents {
  /** The device's own clock, µs since 1970 UTC. */
  readonly deviceUs: () => number;
  /** Point and value as they were put where a client sees them. */
  readonly served: (point: number, value: PlantValue) => void;
}

// A server of this size keeps five minutes of a 10 Hz value; a gateway's break must be shorter to be filled.
const historyMax = 3_000;

/** Puts one machine into the address space and keeps its variables at the values of the image. Returns what ends that. */
export function addImageNodes(
  addressSpace: AddressSpace,
  namespace: Namespace,
  image: ProcessImage,
  events: NodeEvents,
): () => void {
  const { machine } = image;
  const root = objectName(machine.id);
  const folders = new Map<string, UAObject>();
  const top = namespace.addObject({
    organizedBy: addressSpace.rootFolder.objects,
    browseName: root,
    nodeId: `s=${root}`,
  });
  folders.set("", top);
  const builder: Builder = { addressSpace, namespace, image, events, root, folders };
  const variables = image.points.map((point, index) => addPoint(builder, point, index));
  const recipe = addRecipe(builder);
  addCapture(builder, top);
  const alarms = addConditions(addressSpace, namespace, image, top, variables);

  const push = (points: readonly number[]): void => {
    for (const index of points) {
      const variable = variables[index];
      if (variable === undefined) continue;
      if (index === image.producedIndex) image.countServed("opcua");
      pushValue(variable, image, index);
      events.served(index, image.values[index] ?? 0);
    }
    recipe?.(points);
    alarms?.(points);
  };
  image.onScan(push);
  push(image.points.map((_point, index) => index));
  return () => {
    image.forgetListener(push);
  };
}

interface Builder {
  readonly addressSpace: AddressSpace;
  readonly namespace: Namespace;
  readonly image: ProcessImage;
  readonly events: NodeEvents;
  readonly root: string;
  readonly folders: Map<string, UAObject>;
}

function pushValue(variable: UAVariable, image: ProcessImage, index: number): void {
  const point = image.points[index];
  if (point === undefined) return;
  const code = image.status[index] ?? 0;
  variable.setValueFromSource(
    toVariant(point.type, image.values[index] ?? 0),
    statusOf(code),
    new Date((image.measuredUs[index] ?? 0) / 1_000),
  );
}

/** The few codes that an image can have, as the library's objects. */
function statusOf(code: number): StatusCode {
  return code === imageStatus.good ? StatusCodes.Good : StatusCodes.BadSensorFailure;
}

function addPoint(builder: Builder, point: PointSpec, index: number): UAVariable {
  const parts = point.path.split(".");
  const name = parts.at(-1) ?? point.path;
  const options = {
    componentOf: folderOf(builder, parts.slice(0, -1)),
    browseName: name,
    displayName: point.name,
    nodeId: `s=${builder.root}.${point.path}`,
    minimumSamplingInterval: 0,
    ...(point.write === undefined
      ? {}
      : {
          accessLevel: "CurrentRead | CurrentWrite",
          userAccessLevel: "CurrentRead | CurrentWrite",
        }),
  };
  const variable = newVariable(builder, point, options);
  if (point.write !== undefined) takeWrites(builder, variable, point, index);
  const historised = point.kind === "measurement" || point.kind === "counter";
  if (historised && builder.image.machine.kind !== "bulk") {
    builder.addressSpace.installHistoricalDataNode(variable, {
      historian: new RingHistorian(historyMax),
    });
  }
  return variable;
}

interface VariableOptions {
  readonly componentOf: UAObject;
  readonly browseName: string;
  readonly displayName: string;
  readonly nodeId: string;
  readonly minimumSamplingInterval: number;
}

function newVariable(builder: Builder, point: PointSpec, options: VariableOptions): UAVariable {
  const { namespace } = builder;
  if (point.texts !== undefined) {
    const count = Math.max(...Object.keys(point.texts).map(Number)) + 1;
    const enumStrings = Array.from({ length: count }, (_unused, at) => point.texts?.[at] ?? "");
    return namespace.addMultiStateDiscrete({ ...options, enumStrings });
  }
  const units = engineeringUnits(point.unit);
  const dataType = dataTypeOf(point.type);
  if (point.low !== undefined && point.high !== undefined && units !== undefined) {
    return namespace.addAnalogDataItem({
      ...options,
      dataType,
      engineeringUnitsRange: { low: point.low, high: point.high },
      engineeringUnits: units,
    });
  }
  const variable = namespace.addVariable({ ...options, dataType });
  if (units !== undefined) {
    namespace.addVariable({
      propertyOf: variable,
      browseName: { name: "EngineeringUnits", namespaceIndex: 0 },
      typeDefinition: "PropertyType",
      dataType: "EUInformation",
      value: { dataType: DataType.ExtensionObject, value: units },
    });
  }
  return variable;
}

/** A write goes to the machine first, which may refuse it; what it took comes back with the value of the image. */
function takeWrites(builder: Builder, variable: UAVariable, point: PointSpec, index: number): void {
  const { image, events } = builder;
  variable.bindVariable(
    {
      timestamped_get: () => dataValueOf(image, index),
      timestamped_set: (written: DataValue) => {
        const value = fromVariant(point.type, written.value);
        if (value === undefined) return Promise.resolve(StatusCodes.BadTypeMismatch);
        const done = image.write(index, value, events.deviceUs());
        return Promise.resolve(done ? StatusCodes.Good : StatusCodes.BadOutOfRange);
      },
    },
    true,
  );
}

function dataValueOf(image: ProcessImage, index: number): DataValue {
  const point = image.points[index];
  const code = image.status[index] ?? 0;
  return new DataValue({
    value: toVariant(point?.type ?? "float64", image.values[index] ?? 0),
    statusCode: statusOf(code),
    sourceTimestamp: new Date((image.measuredUs[index] ?? 0) / 1_000),
  });
}

function folderOf(builder: Builder, parts: readonly string[]): UAObject {
  const key = parts.join(".");
  const known = builder.folders.get(key);
  if (known !== undefined) return known;
  const folder = builder.namespace.addObject({
    componentOf: folderOf(builder, parts.slice(0, -1)),
    browseName: parts.at(-1) ?? key,
    nodeId: `s=${builder.root}.${key}`,
  });
  builder.folders.set(key, folder);
  return folder;
}

const recipeFields = ["Name", "Number", "TargetFlow", "RampTime"] as const;

/** The recipe once more as one structure, where the machine has one; returns what keeps it up to date. */
function addRecipe(builder: Builder): ((points: readonly number[]) => void) | undefined {
  const { addressSpace, namespace, image, root } = builder;
  const places = recipeFields.map((field) => image.indexOf(`Recipe.${field}`));
  const dataType = addressSpace.findDataType("PumpRecipe", namespace.index);
  if (places.includes(-1) || dataType === null) return undefined;
  const variable = namespace.addVariable({
    componentOf: folderOf(builder, []),
    browseName: "RecipeRecord",
    displayName: "Recipe as a structure",
    nodeId: `s=${root}.RecipeRecord`,
    dataType: dataType.nodeId,
    minimumSamplingInterval: 0,
  });
  return (points) => {
    if (!places.some((place) => points.includes(place))) return;
    // The library gives the fields of a structure lower camel case names.
    const [name, number, targetFlow, rampTime] = places.map((place) => image.values[place]);
    const value = addressSpace.constructExtensionObject(dataType, {
      ...{ name, number, targetFlow, rampTime },
    });
    variable.setValueFromSource(
      new Variant({ dataType: DataType.ExtensionObject, value }),
      StatusCodes.Good,
      new Date((image.measuredUs[places[0] ?? 0] ?? 0) / 1_000),
    );
  };
}

/** One second of acceleration, taken anew at each read, beside rate and scale. */
function addCapture(builder: Builder, top: UAObject): void {
  const { namespace, image, root } = builder;
  const { machine } = image;
  if (machine.capture === undefined) return;
  const folder = namespace.addObject({
    componentOf: top,
    browseName: "Capture",
    nodeId: `s=${root}.Capture`,
  });
  const sample = machine.capture();
  const constants = { Rate: sample.rateHz, Scale: sample.scale };
  namespace.addVariable({
    componentOf: folder,
    browseName: "Acceleration",
    displayName: "Bearing acceleration, one second",
    nodeId: `s=${root}.Capture.Acceleration`,
    dataType: "Int16",
    valueRank: 1,
    // A capture takes a second of the machine: nobody gets more than one a second.
    minimumSamplingInterval: 1_000,
    value: {
      get: () =>
        new Variant({
          dataType: DataType.Int16,
          arrayType: VariantArrayType.Array,
          value: machine.capture?.().samples ?? new Int16Array(0),
        }),
    },
  });
  for (const [name, value] of Object.entries(constants)) {
    namespace.addVariable({
      componentOf: folder,
      browseName: name,
      nodeId: `s=${root}.Capture.${name}`,
      dataType: "Double",
      value: { dataType: DataType.Double, value },
    });
  }
}
