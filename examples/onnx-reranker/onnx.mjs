// Just enough of the ONNX file format (onnx.proto, protocol buffers) to write one node, TreeEnsembleRegressor of ai.onnx.ml.

const VARINT = 0;
const LENGTH = 2;

/** Bytes of a whole number of 0 or more. */
function varint(value) {
  const bytes = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 128);
  }
}

const key = (field, type) => varint(field * 8 + type);
const int = (field, value) => Buffer.concat([key(field, VARINT), varint(value)]);
const bytes = (field, value) => Buffer.concat([key(field, LENGTH), varint(value.length), value]);
const text = (field, value) => bytes(field, Buffer.from(value));
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

function floats(field, values) {
  const packed = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) packed.writeFloatLE(value, 4 * i);
  return bytes(field, packed);
}

/** AttributeProto: name 1, i 3, s 4, floats 7, ints 8, strings 9, type 20. */
const attribute = {
  int: (name, value) => message(5, text(1, name), int(3, value), int(20, 2)),
  text: (name, value) => message(5, text(1, name), text(4, value), int(20, 3)),
  floats: (name, values) => message(5, text(1, name), floats(7, values), int(20, 6)),
  ints: (name, values) => message(5, text(1, name), bytes(8, Buffer.concat(values.map(varint))), int(20, 7)),
  texts: (name, values) => message(5, text(1, name), ...values.map((value) => text(9, value)), int(20, 8)),
};

/** ValueInfoProto of a float tensor [N, columns]. */
function tensor(field, name, columns) {
  const rows = message(1, text(2, 'N'));
  const width = message(1, int(1, columns));
  return message(field, text(1, name), message(2, message(1, int(1, 1), message(2, rows, width))));
}

/**
 * The bytes of a model that sums trees of one split each: `feature <= threshold ? below : above`.
 * Input `features` [N, columns], output `scores` [N, 1], float32.
 */
export function modelOfStumps(stumps, columns, base) {
  const perNode = (of) => stumps.flatMap((stump, tree) => [0, 1, 2].map((node) => of(stump, tree, node)));
  const perLeaf = (of) => stumps.flatMap((stump, tree) => [1, 2].map((node) => of(stump, tree, node)));
  const node = message(
    1,
    text(1, 'features'),
    text(2, 'scores'),
    text(4, 'TreeEnsembleRegressor'),
    text(7, 'ai.onnx.ml'),
    attribute.int('n_targets', 1),
    attribute.text('post_transform', 'NONE'),
    attribute.text('aggregate_function', 'SUM'),
    attribute.floats('base_values', [base]),
    attribute.ints(
      'nodes_treeids',
      perNode((_, tree) => tree),
    ),
    attribute.ints(
      'nodes_nodeids',
      perNode((_stump, _tree, id) => id),
    ),
    attribute.texts(
      'nodes_modes',
      perNode((_stump, _tree, id) => (id === 0 ? 'BRANCH_LEQ' : 'LEAF')),
    ),
    attribute.ints(
      'nodes_featureids',
      perNode(({ feature }, _tree, id) => (id === 0 ? feature : 0)),
    ),
    attribute.floats(
      'nodes_values',
      perNode(({ threshold }, _tree, id) => (id === 0 ? threshold : 0)),
    ),
    attribute.ints(
      'nodes_truenodeids',
      perNode((_stump, _tree, id) => (id === 0 ? 1 : 0)),
    ),
    attribute.ints(
      'nodes_falsenodeids',
      perNode((_stump, _tree, id) => (id === 0 ? 2 : 0)),
    ),
    attribute.ints(
      'nodes_missing_value_tracks_true',
      perNode(() => 0),
    ),
    attribute.ints(
      'target_treeids',
      perLeaf((_, tree) => tree),
    ),
    attribute.ints(
      'target_nodeids',
      perLeaf((_stump, _tree, id) => id),
    ),
    attribute.ints(
      'target_ids',
      perLeaf(() => 0),
    ),
    attribute.floats(
      'target_weights',
      perLeaf(({ below, above }, _tree, id) => (id === 1 ? below : above)),
    ),
  );
  return Buffer.concat([
    int(1, 8),
    text(2, 'freshet-example'),
    message(7, node, text(2, 'reranker'), tensor(11, 'features', columns), tensor(12, 'scores', 1)),
    message(8, text(1, ''), int(2, 17)),
    message(8, text(1, 'ai.onnx.ml'), int(2, 3)),
  ]);
}
