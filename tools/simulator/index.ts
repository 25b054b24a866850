export { type LiveShop, type LiveShopOptions, runLiveShop } from './live.ts';
export { createShop, type Shop, type ShopOptions } from './shop.ts';
export type { SimulatedEvent } from './simulated-event.ts';
