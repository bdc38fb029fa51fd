// Views by JDBC, as Tableau, Metabase and DBeaver ask for them: metadata, rows,
// filters with parameters; in time zones east and west of that of the base.
//
//	java -cp postgresql.jar Jdbc.java FIGURES
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.JDBCType;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TimeZone;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Jdbc {
	// A line of the file of figures; column is empty for the view itself.
	record Figure(String view, String column, String type, String comment, long rows, long values, String total, String example, long exampleRows) {
		static Figure read(String line) {
			String[] f = line.split("\t", -1);
			return new Figure(f[0], f[1], f[2], plain(f[3]), Long.parseLong(f[4]), Long.parseLong(f[5]), f[6], plain(f[7]), Long.parseLong(f[8]));
		}

		static String plain(String text) {
			return Pattern.compile("\\\\(.)").matcher(text).replaceAll(m -> Matcher.quoteReplacement(m.group(1).equals("n") ? "\n" : m.group(1).equals("t") ? "\t" : m.group(1)));
		}

		// What the driver must call the type; OTHER is what it does not know.
		JDBCType jdbcType() {
			return type.startsWith("numeric") ? JDBCType.NUMERIC : switch (type) {
				case "text" -> JDBCType.VARCHAR;
				case "date" -> JDBCType.DATE;
				case "boolean" -> JDBCType.BIT;
				case "smallint" -> JDBCType.SMALLINT;
				case "integer" -> JDBCType.INTEGER;
				case "bigint" -> JDBCType.BIGINT;
				case "timestamp with time zone" -> JDBCType.TIMESTAMP;
				case "clientcore.purchase_history" -> JDBCType.OTHER;
				default -> throw new IllegalStateException(type);
			};
		}
	}

	static int count;

	static void tell(String what, List<String> wrong) {
		System.out.println((wrong.isEmpty() ? "ok " : "not ok ") + ++count + " - " + what);
		for (String w : wrong) System.out.println("# " + w.replace("\n", " "));
	}

	static void compare(List<String> wrong, String what, Object found, Object wanted) {
		if (!wanted.equals(found)) wrong.add(what + ": " + found + ", and not " + wanted);
	}

	static String quoted(String name) {
		return "\"" + name.replace("\"", "\"\"") + "\"";
	}

	static String told(Instant moment) {
		return moment.toString().substring(0, 19);
	}

	static Connection connect() throws Exception {
		Properties properties = new Properties();
		properties.put("user", System.getenv("PGUSER"));
		properties.put("password", System.getenv("PGPASSWORD"));
		return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), properties);
	}

	// Names, comments and types, before any row is read.
	static void lookAtMetadata(Connection connection, Map<String, List<Figure>> views) throws Exception {
		Set<String> found = new TreeSet<>();
		List<String> wrong = new ArrayList<>();
		try (ResultSet tables = connection.getMetaData().getTables(null, "shop", "%", new String[] {"VIEW"})) {
			while (tables.next()) {
				String name = tables.getString("TABLE_NAME");
				found.add(name);
				if (views.containsKey(name)) compare(wrong, name, tables.getString("REMARKS"), views.get(name).get(0).comment);
			}
		}
		found.retainAll(views.keySet());
		compare(wrong, "views", found, new TreeSet<>(views.keySet()));
		tell("views are listed, with their comments", wrong);

		wrong = new ArrayList<>();
		for (List<Figure> view : views.values()) {
			int position = 0;
			try (ResultSet columns = connection.getMetaData().getColumns(null, "shop", view.get(0).view, null)) {
				while (columns.next()) {
					Figure column = view.get(++position);
					String name = column.view + "." + column.column;
					compare(wrong, name, columns.getString("COLUMN_NAME"), column.column);
					compare(wrong, name, columns.getString("REMARKS"), column.comment);
					compare(wrong, name, JDBCType.valueOf(columns.getInt("DATA_TYPE")), column.jdbcType());
					if (column.jdbcType() == JDBCType.NUMERIC)
						compare(wrong, name, "numeric(" + columns.getInt("COLUMN_SIZE") + "," + columns.getInt("DECIMAL_DIGITS") + ")", column.type);
				}
			}
			compare(wrong, view.get(0).view + " has columns", position, view.size() - 1);
		}
		tell("columns are listed, with their types and comments", wrong);
	}

	// One view, read whole.
	static void read(Connection connection, List<Figure> view, String where) throws Exception {
		List<String> wrong = new ArrayList<>();
		int columns = view.size() - 1;
		long rows = 0;
		long[] values = new long[columns + 1];
		long[] flags = new long[columns + 1];
		BigDecimal[] sums = new BigDecimal[columns + 1];
		LocalDate[] first = new LocalDate[columns + 1];
		LocalDate[] last = new LocalDate[columns + 1];
		Instant[] firstMoment = new Instant[columns + 1];
		Instant[] lastMoment = new Instant[columns + 1];
		List<Set<String>> texts = new ArrayList<>();
		for (int i = 0; i <= columns; i++) {
			sums[i] = BigDecimal.ZERO;
			texts.add(new TreeSet<>());
		}
		connection.setAutoCommit(false);
		try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM shop." + quoted(view.get(0).view))) {
			statement.setFetchSize(500);
			try (ResultSet result = statement.executeQuery()) {
				ResultSetMetaData metadata = result.getMetaData();
				while (result.next()) {
					rows++;
					for (int i = 1; i <= columns; i++) {
						Object value = result.getObject(i);
						if (value == null) continue;
						values[i]++;
						switch (view.get(i).jdbcType()) {
							case DATE -> {
								LocalDate day = result.getObject(i, LocalDate.class);
								compare(wrong, "one day in two ways", result.getDate(i).toLocalDate(), day);
								compare(wrong, "and a third", result.getString(i), day.toString());
								if (first[i] == null || day.isBefore(first[i])) first[i] = day;
								if (last[i] == null || day.isAfter(last[i])) last[i] = day;
							}
							case TIMESTAMP -> {
								Instant moment = result.getTimestamp(i).toInstant();
								if (firstMoment[i] == null || moment.isBefore(firstMoment[i])) firstMoment[i] = moment;
								if (lastMoment[i] == null || moment.isAfter(lastMoment[i])) lastMoment[i] = moment;
							}
							case BIT -> flags[i] += (Boolean) value ? 1 : 0;
							case VARCHAR -> texts.get(i).add((String) value);
							case NUMERIC, SMALLINT, INTEGER, BIGINT -> sums[i] = sums[i].add(result.getBigDecimal(i));
							default -> { }
						}
					}
				}
				compare(wrong, "columns", metadata.getColumnCount(), columns);
			}
		}
		connection.commit();
		compare(wrong, "rows", rows, view.get(0).rows);
		for (int i = 1; i <= columns; i++) {
			Figure column = view.get(i);
			compare(wrong, column.column + ", values", values[i], column.values);
			String total = switch (column.jdbcType()) {
				case DATE -> first[i] == null ? "" : first[i] + " " + last[i];
				case BIT -> "" + flags[i];
				case VARCHAR -> HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(String.join("\n", texts.get(i)).getBytes(StandardCharsets.UTF_8)));
				case TIMESTAMP -> firstMoment[i] == null ? "" : told(firstMoment[i]) + " " + told(lastMoment[i]);
				case NUMERIC, SMALLINT, INTEGER, BIGINT -> sums[i].signum() == 0 ? "0" : sums[i].stripTrailingZeros().toPlainString();
				default -> "";
			};
			compare(wrong, column.column, total, column.total);
		}
		tell(view.get(0).view + " is read, " + where, wrong);
	}

	// Filters of every text, and of every first day.
	static void filter(Connection connection, List<Figure> view, String where) throws Exception {
		List<String> wrong = new ArrayList<>();
		for (Figure column : view) {
			if (column.exampleRows > 0)
				for (String condition : new String[] {"%s = ?", "upper(%s) = upper(?)", "%s IN (?)", "%s LIKE replace(replace(replace(?, '\\', '\\\\'), '%%', '\\%%'), '_', '\\_')"})
					try (PreparedStatement statement = connection.prepareStatement("SELECT count(*) FROM shop." + quoted(column.view) + " WHERE " + String.format(condition, quoted(column.column)))) {
						statement.setString(1, column.example);
						try (ResultSet result = statement.executeQuery()) {
							result.next();
							if (condition.startsWith("upper") ? result.getLong(1) < column.exampleRows : result.getLong(1) != column.exampleRows)
								wrong.add(column.column + " " + condition + " of " + column.example + ": " + result.getLong(1) + " of " + column.exampleRows);
						}
					}
			if (column.type.equals("date") && column.values > 0) {
				LocalDate day = LocalDate.parse(column.total.split(" ")[0]);
				try (PreparedStatement statement = connection.prepareStatement("SELECT count(*) FROM shop." + quoted(column.view) + " WHERE " + quoted(column.column) + " = ? AND " + quoted(column.column) + " = ?")) {
					statement.setDate(1, Date.valueOf(day));
					statement.setObject(2, day);
					try (ResultSet result = statement.executeQuery()) {
						result.next();
						if (result.getLong(1) == 0) wrong.add(column.column + " has no " + day);
					}
				}
			}
		}
		connection.commit();
		tell(view.get(0).view + " is filtered, " + where, wrong);
	}

	public static void main(String[] arguments) throws Exception {
		Map<String, List<Figure>> views = new LinkedHashMap<>();
		for (String line : Files.readAllLines(Path.of(arguments[0]))) {
			Figure figure = Figure.read(line);
			views.computeIfAbsent(figure.view, v -> new ArrayList<>()).add(figure);
		}
		for (String zone : new String[] {"America/Los_Angeles", "Pacific/Auckland"}) {
			TimeZone.setDefault(TimeZone.getTimeZone(zone));
			try (Connection connection = connect()) {
				if (count == 0) lookAtMetadata(connection, views);
				for (List<Figure> view : views.values()) {
					read(connection, view, zone);
					filter(connection, view, zone);
				}
			}
		}
		System.out.println("1.." + count);
	}
}
