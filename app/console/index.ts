export type { EngineView, RefusedView, StoreView, StreamView, TopologyNode, TopologyNodeKind } from './engine-view.ts';
export type { ConsolePorts, Shop, ShopCatalog, ShopProduct } from './ports.ts';
export { createConsoleRouter } from './router.ts';
export type { Fault, ShopEvent } from './shop-event.ts';
