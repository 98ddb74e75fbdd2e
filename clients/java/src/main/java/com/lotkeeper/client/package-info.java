/**
 * The client of Lotkeeper.
 *
 * <p>Begin with {@link com.lotkeeper.client.LotkeeperClient}. The messages that it takes and answers are those of the
 * contract, in the package {@code com.lotkeeper.inventory.v1}.
 */
package com.lotkeeper.client;
