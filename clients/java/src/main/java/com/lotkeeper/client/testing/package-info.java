/** A real server for the tests of your own program. */
package com.lotkeeper.client.testing;
