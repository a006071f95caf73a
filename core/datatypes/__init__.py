"""Any type system's types as Spark SQL type names."""
