package foothold.peer;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;

/** One block cache and one memory for memtables, shared by all stores of the process. */
public final class RocksSettings implements RocksDBConfigSetter {
  private static final long CACHE_BYTES = 256L << 20;
  private static final long MEMTABLE_BYTES = CACHE_BYTES / 3; // Charged to the cache.
  private static final long WRITE_BUFFER_BYTES = 8L << 20;
  // 32 stores of 8 tasks: with the default, an eighth of the above, they would fill the memory of
  // the memtables by being there, and every write would flush one.
  private static final long ARENA_BYTES = 256L << 10;

  static {
    RocksDB.loadLibrary();
  }

  private static final Cache CACHE = new LRUCache(CACHE_BYTES);
  private static final WriteBufferManager MEMTABLES =
      new WriteBufferManager(MEMTABLE_BYTES, CACHE);

  private BloomFilter filter;

  @Override
  public void setConfig(String storeName, Options options, Map<String, Object> configs) {
    filter = new BloomFilter(10);
    BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
    table.setBlockCache(CACHE);
    table.setCacheIndexAndFilterBlocks(true);
    table.setPinTopLevelIndexAndFilter(true);
    table.setFilterPolicy(filter);
    table.setFormatVersion(5);
    options.setTableFormatConfig(table);
    options.setWriteBufferManager(MEMTABLES);
    options.setWriteBufferSize(WRITE_BUFFER_BYTES);
    options.setArenaBlockSize(ARENA_BYTES);
    options.setMemtablePrefixBloomSizeRatio(0.02);
    options.setMemtableWholeKeyFiltering(true);
    options.setCompressionType(CompressionType.LZ4_COMPRESSION);
  }

  @Override
  public void close(String storeName, Options options) {
    filter.close(); // The cache and the memtables' memory are the process's.
  }
}
