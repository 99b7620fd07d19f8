using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Tests.Cli;

/// <summary>Values of any type in which every text is one that somebody else could have chosen to steer the terminal of an admin.</summary>
internal static class Hostile
{
    /// <summary>Escape sequences, a forged line, marks of direction, what has no width, C1, half a pair.</summary>
    internal const string Text = "x\e[2J\e]0;owned\a\r\n<3>forged\n2026-01-01T00:00:00Z error   forged\u009b31m\u202egnp\u2066\u200e\u061c\u200b\u2028\u2029\ufeff\u0085\0\b\x7f\U000e0041\ud800 end";

    /// <summary>Every value of <paramref name="type"/> that differs in the kind of one of its parts: for each abstract type below it each of its kinds once.</summary>
    internal static IEnumerable<object> Every(Type type)
    {
        int kinds = 1;
        for (int turn = 0; turn < kinds; turn++)
        {
            object? made = Make(type, turn, 0, ref kinds);
            if (made is not null) yield return made;
        }
    }

    /// <inheritdoc cref="Every(Type)"/>
    internal static IEnumerable<T> Every<T>() => Every(typeof(T)).Cast<T>();

    /// <summary>Asserts that <paramref name="shown"/>, which was printed for <paramref name="what"/>, steers nothing.</summary>
    internal static void AssertPlain(string shown, object what)
    {
        string bad = string.Concat(shown.EnumerateRunes().Where(r => r.Value != '\n' && PlainText.IsUnfit(r)).Distinct().Select(PlainText.Escape));
        Assert.True(bad.Length == 0, $"{bad} in what is shown of {what}:\n{PlainText.Lines(shown)}");
        Assert.DoesNotContain(shown.Split('\n'), line => line.StartsWith("<3>forged", StringComparison.Ordinal) || line.StartsWith("2026-01-01", StringComparison.Ordinal));
    }

    private static object? Make(Type type, int turn, int depth, ref int kinds)
    {
        const int deepest = 8;
        if (depth > deepest) return null;
        if (type == typeof(string) || type == typeof(object)) return Text;
        if (Nullable.GetUnderlyingType(type) is { } inner) return Make(inner, turn, depth, ref kinds);
        if (type == typeof(DateTimeOffset)) return new DateTimeOffset(2026, 11, 22, 20, 30, 50, TimeSpan.Zero);
        if (type == typeof(TimeSpan)) return TimeSpan.FromMinutes(90);
        if (type == typeof(bool)) return turn % 2 == 0;
        if (type.IsEnum) return Choose(Enum.GetValues(type).Cast<object>().ToArray(), turn, ref kinds);
        if (type.IsPrimitive) return Convert.ChangeType(3, type, System.Globalization.CultureInfo.InvariantCulture);
        if (ItemOf(type) is { } item) return List(type, item, turn, depth, ref kinds);
        if (type.IsInterface || type == typeof(Type) || typeof(Delegate).IsAssignableFrom(type)) return null;
        if (type.IsAbstract)
        {
            Type[] all = [.. type.Assembly.GetTypes().Where(t => t.IsSubclassOf(type) && !t.IsAbstract).OrderBy(t => t.FullName, StringComparer.Ordinal)];
            return all.Length == 0 ? null : Make((Type)Choose(all, turn, ref kinds), turn, depth, ref kinds);
        }

        object made = RuntimeHelpers.GetUninitializedObject(type);
        for (Type? at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            foreach (FieldInfo field in at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                object? value = Make(field.FieldType, turn, depth + 1, ref kinds);
                if (value is not null) field.SetValue(made, value);
            }
        }

        return made;
    }

    private static object Choose(IReadOnlyList<object> all, int turn, ref int kinds)
    {
        kinds = Math.Max(kinds, all.Count);
        return all[turn % all.Count];
    }

    private static Type? ItemOf(Type type)
    {
        if (type.IsArray) return type.GetElementType();
        if (!type.IsGenericType) return null;
        Type open = type.GetGenericTypeDefinition();
        return open == typeof(ImmutableArray<>) || open == typeof(IReadOnlyList<>) || open == typeof(IEnumerable<>) || open == typeof(List<>) || open == typeof(IReadOnlyCollection<>)
            || open == typeof(IReadOnlySet<>) || open == typeof(HashSet<>) ? type.GetGenericArguments()[0] : null;
    }

    private static object List(Type type, Type item, int turn, int depth, ref int kinds)
    {
        var values = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(item))!;
        if (Make(item, turn, depth + 1, ref kinds) is { } value) values.Add(value);
        Array array = Array.CreateInstance(item, values.Count);
        values.CopyTo(array, 0);
        if (type.IsArray || type.IsAssignableFrom(array.GetType())) return array;
        if (type.IsAssignableFrom(values.GetType())) return values;
        if (type.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
        {
            return typeof(ImmutableArray).GetMethods().First(m => m.Name == nameof(ImmutableArray.Create) && m.GetParameters() is [{ ParameterType.IsArray: true }])
                .MakeGenericMethod(item).Invoke(null, [array])!;
        }

        return Activator.CreateInstance(typeof(HashSet<>).MakeGenericType(item), array)!;
    }
}
