/** The house of src/ARCHITECTURE.md, held by a machine: layers, rooms that never meet, and one room per library. */

/** Each layer imports only from those before it; rooms of one layer never import each other. */
const LAYERS = [
  ['foundation'],
  ['dicom'],
  ['ledger', 'archive', 'dimse', 'dicomweb', 'settings'],
  ['models'],
  ['fetching', 'intake', 'routing', 'runs', 'results', 'delivery', 'evaluation', 'keeping', 'accounting'],
  ['api', 'cli'],
];

/** Held by a rule of its own below. */
const EXCEPT = {
  cli: [
    '^src/api/(views|rule-views|store-views|model-standing|model-routes|keeping-routes|queue-routes|evaluation-cases|evaluation-routes)\\.ts$',
  ],
};

/** What runs inside a model's container has none of the node in it. */
const KIT_MAY_USE = ['foundation', 'dicom'];

/** Library -> the only places that import it. */
const ONE_ROOM = {
  dcmjs: ['dicom'],
  'dcmjs-codecs': ['dicom'],
  'dcmjs-dimse': ['dimse'],
  'dicomweb-client': ['dicomweb/client'],
  'better-sqlite3': ['ledger'],
  dockerode: ['runs/runtimes'],
  'onnxruntime-node': ['kit'],
  express: ['api', 'dicomweb/server'],
  winston: ['foundation'],
  commander: ['cli', 'main.ts'],
};

const anyOf = (names) => `(${names.join('|').replaceAll('.', '\\.')})`;
const rooms = (names) => `^src/${anyOf(names)}/`;

/** A room may import itself and the layers before its own: everything else of src/ is forbidden. */
const layerRules = LAYERS.flatMap((layer, height) =>
  layer.map((room) => ({
    name: `layer-${room}`,
    comment: `${room}/ imports only from layers before it`,
    severity: 'error',
    from: { path: rooms([room]) },
    to: { path: '^src/', pathNot: [rooms([room, ...LAYERS.slice(0, height).flat()]), ...(EXCEPT[room] ?? [])] },
  })),
);

const libraryRules = Object.entries(ONE_ROOM).map(([library, places]) => ({
  name: `one-room-${library}`,
  comment: `${library} is imported only in ${places.join(' and ')}: errors and oddities of a library are translated in one place`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${anyOf(places)}(/|$)` },
  to: { path: `(^|/)node_modules/(@types/)?${library}/` },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    ...libraryRules,
    {
      name: 'layer-kit',
      comment: "kit/ runs inside a model's container: foundation and dicom only",
      severity: 'error',
      from: { path: '^src/kit/' },
      to: { path: '^src/', pathNot: rooms(['kit', ...KIT_MAY_USE]) },
    },
    {
      name: 'nobody-imports-the-kit',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kit/' },
      to: { path: '^src/kit/' },
    },
    {
      name: 'only-main-imports-the-node',
      comment: 'node.ts knows all parts; main.ts starts it',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/((main|node)\\.ts|anteroom\\.cts)$' },
      to: { path: '^src/(main|node)\\.ts$' },
    },
    {
      name: 'cli-knows-the-api-by-its-types',
      comment: 'the command talks to the node over its socket; only the shape of the answers is shared',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/api/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'no-tests-in-src', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'no-dev-dependencies-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'types', 'default'] },
  },
};
