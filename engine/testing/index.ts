export { MovedClock } from './moved-clock.ts';
export { driverColumnFamilies, TopologyTestDriver, type TopologyTestDriverOptions } from './topology-test-driver.ts';
